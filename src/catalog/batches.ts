/**
 * Does work for many who want it at the same time: who comes while it is done for others waits for the next time, together
 * with all who come until then. So it always begins after it was wanted.
 */
export class Batches<Item, Result> {
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
