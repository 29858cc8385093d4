/** Does things a few at a time, in the order in which they were asked for, but at once what somebody looks at. */
export class InTurn {
  readonly #most: number
  readonly #waiting = new Map<string, () => void>()
  #running = 0

  constructor(most: number) {
    this.#most = most
  }

  async do<Value>(name: string, act: () => Promise<Value>): Promise<Value> {
    if (this.#running < this.#most) this.#running++
    else await new Promise<void>((begin) => this.#waiting.set(name, begin))
    try {
      return await act()
    } finally {
      this.#running--
      const [next] = this.#waiting.keys()
      if (next !== undefined && this.#running < this.#most) this.hurry(next)
    }
  }

  /** What waits under that name waits no longer. */
  hurry(name: string): void {
    const begin = this.#waiting.get(name)
    if (!begin) return
    this.#waiting.delete(name)
    this.#running++
    begin()
  }
}
