import { EngineUnavailableError } from '../errors.ts'
import type { Log } from '../log.ts'

const PAUSE_MS = 1_000

/** Keeps callers from asking an engine, one after the other, that has just failed: for a second all are refused at once. */
export class BackOff {
  readonly #log: Log
  #failedAt = Number.NEGATIVE_INFINITY
  #cause: unknown = null

  constructor(log: Log) {
    this.#log = log
  }

  /** Does what `call` does. Throws EngineUnavailableError when that fails, and while it is not asked. */
  async with<Result>(call: () => Promise<Result>): Promise<Result> {
    if (performance.now() - this.#failedAt < PAUSE_MS) throw unavailable(this.#cause)
    try {
      const result = await call()
      if (this.#cause !== null) this.#log.info('the cache is back')
      this.#cause = null
      return result
    } catch (error) {
      if (this.#cause === null) this.#log.warn({ cause: String(error) }, 'the cache is unavailable')
      this.#failedAt = performance.now()
      this.#cause = error
      throw unavailable(error)
    }
  }
}

function unavailable(cause: unknown): EngineUnavailableError {
  return new EngineUnavailableError('The cache is unavailable.', { cause })
}
