import { EngineUnavailableError } from './errors.ts'

/** So many may hold a slot at once; the others wait for their turn, first come, first served. */
export class Slots {
  #free: number
  readonly #tooLate: string
  readonly #waiting: Array<() => void> = []

  constructor(count: number, tooLate: string) {
    this.#free = count
    this.#tooLate = tooLate
  }

  /** A slot, which is free again when it is disposed. Throws EngineUnavailableError when none is in time. */
  async acquire(withinMs: number): Promise<Disposable> {
    if (this.#free > 0) this.#free--
    else await this.#turn(withinMs)
    return { [Symbol.dispose]: () => this.#release() }
  }

  async #turn(withinMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1)
      reject(new EngineUnavailableError(this.#tooLate))
    }, withinMs)
    await promise.finally(() => clearTimeout(timer))
  }

  /** Hands the slot over, so that nobody who comes just now takes it from who has waited. */
  #release(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
