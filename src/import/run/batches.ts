/**
 * Does things by the batch that are asked for one by one: while a batch is being done, what is asked for meanwhile gathers
 * for the next one.
 */
export class Batches<Item, Result> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #size: number
  #waiting: { item: Item; resolve(result: Result): void; reject(error: unknown): void }[] = []
  #isWorking = false

  /** `work` tells what becomes of each item, in their order; of so many at most at a time. */
  constructor(size: number, work: (items: readonly Item[]) => Promise<readonly Result[]>) {
    this.#size = size
    this.#work = work
  }

  /** What becomes of the item. Throws what `work` does, to all of the batch. */
  async add(item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ item, resolve, reject })
    if (!this.#isWorking) void this.#workOff()
    return await promise
  }

  async #workOff(): Promise<void> {
    this.#isWorking = true
    while (this.#waiting.length > 0) {
      // What is asked for in the same breath belongs together.
      await new Promise(setImmediate)
      const batch = this.#waiting.splice(0, this.#size)
      try {
        const results = await this.#work(batch.map(({ item }) => item))
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isWorking = false
  }
}
