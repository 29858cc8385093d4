/** Whoever asks for a turn of the same name gets it when all before have ended theirs. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Ends with its disposal. */
  async of(name: string): Promise<Disposable> {
    const before = this.#last.get(name)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last.set(name, promise)
    await before
    return {
      [Symbol.dispose]: () => {
        if (this.#last.get(name) === promise) this.#last.delete(name)
        resolve()
      },
    }
  }
}
