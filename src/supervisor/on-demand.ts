import { setTimeout as sleep } from 'node:timers/promises'
import { type Supervised, type SuperviseOptions, supervise } from './supervisor.ts'

/** Until a process that could not start is tried again. */
const FAILED_MS = 5_000

/**
 * A child process that runs only while there is work for it. It ends by itself, after `reportIdle` of child.ts; until
 * then it is kept running as `supervise` does. Disposing stops it.
 */
export class OnDemand implements AsyncDisposable {
  readonly #options: SuperviseOptions
  readonly #stopping = new AbortController()
  #running: Supervised | null = null

  constructor(options: SuperviseOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  get pid(): number | null {
    return this.#running?.pid ?? null
  }

  /** Starts it, unless it runs. */
  start(): void {
    if (this.#running || this.#stopping.signal.aborted) return
    this.#running = supervise(this.#options)
    void this.#forget(this.#running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running?.[Symbol.asyncDispose]()
  }

  async #forget({ ready, ended }: Supervised): Promise<void> {
    const { signal } = this.#stopping
    const hasFailed = await ready.then(
      () => false,
      () => true,
    )
    await ended
    if (hasFailed) await sleep(FAILED_MS, undefined, { signal }).catch(() => {})
    this.#running = null
  }
}
