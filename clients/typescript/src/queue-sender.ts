import type { PhotoSource, Signal } from './platform.ts'
import type { Problem } from './problem.ts'
import type { QueueEntries } from './queue-entries.ts'
import { QueueIds, type ReserveIds } from './queue-ids.ts'
import type { StoredUpload } from './queue-store.ts'
import { type Entry, isWork, type QueuedUpload, shownOf } from './queued-upload.ts'
import { Turns } from './turns.ts'
import type { Photo } from './types.ts'
import type { UploadOptions } from './upload.ts'

/** What uploads: a DarkroomClient. */
export type Uploader = {
  reserveIds: ReserveIds
  upload(source: PhotoSource, options: UploadOptions): Promise<Photo>
}

export type SenderOptions = {
  client: Uploader
  entries: QueueEntries
  /** Photos that are sent at a time; as many more are made ready meanwhile. */
  atOnce: number
  /** One of them is further, or has to wait. */
  onMoved: () => void
  /** One is no more being sent: another may be. */
  onEnded: () => void
  onFileChanged: (upload: QueuedUpload) => void
}

type AbortController = { signal: Signal; abort(reason?: unknown): void }
const { AbortController } = globalThis as unknown as { AbortController: new () => AbortController }

/** What is aborted when uploads are paused or tried anew; no failure. */
const PAUSED = new Error('The queue was paused.')
/** A server that does not know an id any more gives another one; and what it has under it is of the file as it was. */
const EXPIRED_IDS: ReadonlySet<string> = new Set(['id_unknown', 'upload_not_found'])
const CHANGED: ReadonlySet<string> = new Set(['bytes_changed', 'id_taken'])

/** Sends what a queue has to do, in its order. */
export class QueueSender {
  readonly #options: SenderOptions
  readonly #entries: QueueEntries
  readonly #ids: QueueIds
  readonly #turns: Turns

  constructor(options: SenderOptions) {
    this.#options = options
    this.#entries = options.entries
    this.#ids = new QueueIds(options.entries, (count, until) => options.client.reserveIds(count, until))
    this.#turns = new Turns(options.atOnce)
  }

  /** With as many as there is room for. */
  begin(): void {
    const entries = this.#entries.all()
    const room = 2 * this.#options.atOnce - entries.filter(({ aborter }) => aborter).length
    const waiting = entries.filter((entry) => isWork(entry) && !entry.aborter)
    for (const entry of waiting.slice(0, room)) void this.#upload(entry)
  }

  /** Ends the attempts of those, or of all; they may begin anew. */
  abort(whether: (entry: Entry) => boolean = () => true): void {
    for (const entry of this.#entries.all()) if (entry.aborter && whether(entry)) entry.aborter.abort(PAUSED)
  }

  async #upload(entry: Entry): Promise<void> {
    const aborter = new AbortController()
    this.#entries.set(entry, {}, { aborter, beganAt: Date.now(), movedAt: Date.now() })
    try {
      await this.#send(entry, aborter.signal)
    } catch (error) {
      if (!aborter.signal.aborted) await this.#failed(entry, error as Error)
    } finally {
      const spentMs = entry.spentMs + Date.now() - entry.beganAt
      this.#entries.set(entry, {}, { aborter: null, hasTurn: false, sent: 0, delay: null, spentMs })
      this.#options.onEnded()
    }
  }

  async #send(entry: Entry, signal: Signal): Promise<void> {
    const remember = async (change: Partial<StoredUpload>) => await this.#entries.remember([entry], change)
    const tell = (change: Partial<Entry>) => {
      this.#entries.set(entry, {}, { ...change, movedAt: Date.now() })
      this.#entries.tellSent(entry)
      this.#options.onMoved()
    }
    const onWait = ({ code, message }: Problem, ms: number) =>
      tell({ delay: { code, message, until: Date.now() + ms } })
    const until = { signal, retryMs: Number.POSITIVE_INFINITY, onWait }

    const isCopy = entry.source === null
    const source = await this.#entries.source(entry)
    // The browser has thrown them away.
    if (!source) return await remember({ isKept: false })
    const id = await this.#ids.of(entry, until)
    // What it waited for has come; from now on it waits for its turn.
    if (entry.delay) tell({ delay: null })
    const send = async () => {
      tell({ hasTurn: true, delay: null, beganAt: Date.now() })
      return await this.#options.client.upload(source, {
        ...entry.stored.fields,
        ...until,
        ...{ id, isCopy },
        parts: entry.stored.parts ?? undefined,
        onParts: async (parts) => await remember({ parts }),
        onProgress: ({ sent }) => tell({ sent, delay: null }),
      })
    }
    const photo = await this.#turns.take(send, signal)
    await this.#entries.finish(entry, photo)
  }

  async #failed(entry: Entry, error: Error & { code?: unknown }): Promise<void> {
    const code = typeof error.code === 'string' ? error.code : error.name
    if (EXPIRED_IDS.has(code) || CHANGED.has(code)) {
      await this.#entries.remember([entry], { id: null, parts: null })
      if (CHANGED.has(code)) this.#options.onFileChanged(shownOf(entry))
      return
    }
    const problem = { code, message: error.message }
    // A store that fails now has it as it was: after a reload it is tried again.
    await this.#entries.remember([entry], { problem }).catch(() => {})
  }
}
