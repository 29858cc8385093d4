import { reportIdle, reportLeave } from '../src/supervisor/child.ts'

/** When a worker ends by itself. Between two jobs that costs nothing but its start. */
export class Leaving {
  readonly #maxBytes: number
  readonly #idleMs: number | null
  readonly #leaving = new AbortController()
  #idle: NodeJS.Timeout | undefined

  /** With an `idleMs` of null it stays however little there is to do. */
  constructor({ maxBytes, idleMs }: { maxBytes: number; idleMs: number | null }) {
    this.#maxBytes = maxBytes
    this.#idleMs = idleMs
    this.#waitForJob()
  }

  /** Aborted when the worker is to end. */
  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  jobBegan(): void {
    clearTimeout(this.#idle)
  }

  /** What a very large or hostile picture made the process hold, allocators may never give back. */
  jobEnded(): void {
    const bytes = process.memoryUsage.rss()
    if (bytes > this.#maxBytes)
      this.#leave(reportLeave, `it holds ${Math.round(bytes / 1e6)} MB of memory after a job`)
    else this.#waitForJob()
  }

  /** The worker ends for another reason. */
  stop(): void {
    clearTimeout(this.#idle)
    this.#leaving.abort()
  }

  #waitForJob(): void {
    clearTimeout(this.#idle)
    if (this.#idleMs !== null && !this.signal.aborted)
      this.#idle = setTimeout(() => this.#leave(reportIdle, 'it had nothing to do'), this.#idleMs)
  }

  #leave(report: (why: string) => void, why: string): void {
    if (!this.signal.aborted) report(why)
    this.stop()
  }
}
