import { setImmediate, setTimeout } from 'node:timers/promises'
import { CdnBusyError } from '../errors.ts'

/** Makes the edge forget the paths, all or none. Throws CdnBusyError when it takes no more for now. */
export type SendBatch = (paths: readonly string[]) => Promise<void>

type Waiting = { path: string } & Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>

/**
 * CloudFront documents two quotas of wildcard paths in a distribution: 15 in progress, or one a second. A batch
 * fits the first at most, and is halved while it is refused, which finds the second.
 */
const MAX_PATHS = 15

/** So many refusals in a row, and the job tries again later: some seconds, in which its worker does no other. */
const MAX_REFUSALS = 5
const BACKOFF_MS = 250

/** Turns any calls in a process into few batches, sent one by one: what is asked for meanwhile goes with the next. */
export class InvalidationBatches {
  readonly #send: SendBatch
  readonly #backoffMs: number
  readonly #waiting: Waiting[] = []
  #sending: Promise<void> | null = null
  #size = MAX_PATHS

  constructor(send: SendBatch, { backoffMs = BACKOFF_MS } = {}) {
    this.#send = send
    this.#backoffMs = backoffMs
  }

  /**
   * Resolves when the edge has taken on every path. Rejects with what a batch that holds one of them failed of:
   * CdnBusyError when it was refused for some seconds, or what sending threw.
   */
  async add(paths: readonly string[]): Promise<void> {
    const added = paths.map((path) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#waiting.push({ path, resolve, reject })
      return promise
    })
    this.#sending ??= this.#sendWaiting().finally(() => {
      this.#sending = null
    })
    await Promise.all(added)
  }

  async #sendWaiting(): Promise<void> {
    // Calls of the same turn of the event loop go together.
    await setImmediate()
    for (let refusals = 0; this.#waiting.length > 0; ) {
      const batch = this.#waiting.splice(0, this.#size)
      try {
        await this.#send([...new Set(batch.map(({ path }) => path))].sort())
        for (const { resolve } of batch) resolve()
        this.#size = Math.min(this.#size * 2, MAX_PATHS)
        refusals = 0
      } catch (error) {
        const isBusy = error instanceof CdnBusyError
        if (isBusy && ++refusals < MAX_REFUSALS) {
          this.#waiting.unshift(...batch)
          this.#size = Math.max(Math.floor(this.#size / 2), 1)
          // Random, because the other workers were refused at the same moment.
          await setTimeout(this.#backoffMs * 2 ** (refusals - 1) * (0.5 + Math.random() / 2))
          continue
        }
        // Whatever waits behind a batch that was refused for so long would be refused as well.
        for (const { reject } of isBusy ? [...batch, ...this.#waiting.splice(0)] : batch) reject(error)
      }
    }
  }
}
