/**
 * A question that many have at the same time. Who comes while it is being asked shares the next one with all who do: so the
 * answer is always of after they came.
 */
export class AskedTogether<Answer> {
  readonly #question: () => Promise<Answer>
  #asked: Promise<unknown> = Promise.resolve()
  #next: Promise<Answer> | null = null

  constructor(question: () => Promise<Answer>) {
    this.#question = question
  }

  async ask(): Promise<Answer> {
    this.#next ??= this.#asked.then(async () => {
      this.#next = null
      return await this.#question()
    })
    this.#asked = this.#next.catch(() => {})
    return await this.#next
  }
}
