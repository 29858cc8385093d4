import type { Signal } from './platform.ts'
import type { QueueEntries } from './queue-entries.ts'
import { type Entry, isWork } from './queued-upload.ts'
import type { UploadOptions } from './upload.ts'

/** So many are asked for at a time. Those that are not used are gone after a day. */
const TOGETHER = 20

export type ReserveIds = (count: number, until: Until) => Promise<string[]>
type Until = Pick<UploadOptions, 'retryMs' | 'onWait'> & { signal: Signal }

/** The ids that the photos of a queue are sent under: of many one after the other, one request for some of them. */
export class QueueIds {
  readonly #entries: QueueEntries
  readonly #reserve: ReserveIds
  /** What has to end before those may be sent. */
  readonly #asked = new Map<Entry, Promise<void>>()

  constructor(entries: QueueEntries, reserve: ReserveIds) {
    this.#entries = entries
    this.#reserve = reserve
  }

  /** Remembered before it is told, as a reload must not ask for another. Throws what asking does, and the signal's reason. */
  async of(entry: Entry, until: Until): Promise<string> {
    for (;;) {
      const { id } = entry.stored
      const asked = this.#asked.get(entry)
      if (id !== null && !asked) return id
      if (until.signal.aborted) throw until.signal.reason
      await (asked ?? this.#ask(entry, until))
    }
  }

  #ask(entry: Entry, until: Until): Promise<void> {
    const others = this.#entries
      .all()
      .filter((other) => other !== entry && isWork(other) && !other.stored.id && !this.#asked.has(other))
    const next = [entry, ...others].slice(0, TOGETHER)
    const asked = this.#name(next, until).finally(() => {
      for (const each of next) this.#asked.delete(each)
    })
    for (const each of next) this.#asked.set(each, asked)
    return asked
  }

  async #name(next: readonly Entry[], until: Until): Promise<void> {
    const ids = await this.#reserve(next.length, until).catch((error: unknown) => {
      // Whoever waits besides asks once more.
      if (until.signal.aborted) return []
      throw error
    })
    const named = next.slice(0, ids.length)
    for (const [i, entry] of named.entries()) this.#entries.set(entry, { id: ids[i] as string })
    await this.#entries.remember(named, {})
  }
}
