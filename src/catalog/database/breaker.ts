import { setTimeout as sleep } from 'node:timers/promises'
import { EngineUnavailableError } from '../../errors.ts'

const PROBE_MS = 1_000

/** What pg says when a server was asked and nothing came for so long as one waits. */
const TOO_LATE = /^(Query read timeout|Connection terminated due to connection timeout)$/

/**
 * Keeps callers from waiting for a server that hangs, one after the other. When it did not answer one of them in time,
 * all are refused at once, until it has answered the `probe`, which is asked again and again meanwhile. A server that
 * says that it is unavailable costs nobody time, so it is asked each time.
 */
export class Breaker implements Disposable {
  readonly #probe: () => Promise<unknown>
  readonly #stopping = new AbortController()
  #silence: unknown = null

  constructor(probe: () => Promise<unknown>) {
    this.#probe = probe
  }

  /** Does what `call` does. Throws EngineUnavailableError at once while the server hangs. */
  async pass<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#silence !== null) {
      throw new EngineUnavailableError('The database is unavailable.', { cause: this.#silence })
    }
    try {
      return await call()
    } catch (error) {
      if (isTooLate(error)) void this.#untilItAnswers(error)
      throw error
    }
  }

  async #untilItAnswers(error: unknown): Promise<void> {
    if (this.#silence !== null) return
    this.#silence = error
    const { signal } = this.#stopping
    while (this.#silence !== null && !signal.aborted) {
      await sleep(PROBE_MS, undefined, { ref: false, signal }).catch(() => {})
      await this.#probe().then(
        () => {
          this.#silence = null
        },
        () => {},
      )
    }
  }

  [Symbol.dispose](): void {
    this.#stopping.abort()
  }
}

function isTooLate(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return TOO_LATE.test(error.cause instanceof Error ? error.cause.message : error.message)
}
