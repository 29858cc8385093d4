/**
 * Does work in rounds for many who want it at the same time: who comes during one waits for the next, together with all who
 * come until then. So the work always begins after it was wanted.
 */
export class Rounds<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result>
  #next: { items: Item[]; result: Promise<Result> } | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(work: (items: Item[]) => Promise<Result>) {
    this.#work = work
  }

  async join(...items: readonly Item[]): Promise<Result> {
    this.#next ??= this.#begin()
    const { items: all, result } = this.#next
    all.push(...items)
    return await result
  }

  #begin() {
    const items: Item[] = []
    const result = this.#last.then(async () => {
      this.#next = null
      return await this.#work(items)
    })
    this.#last = result.catch(() => {})
    return { items, result }
  }
}
