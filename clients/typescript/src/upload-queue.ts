import type { PhotoSource, Signal } from './platform.ts'
import type { Problem } from './problem.ts'
import { QueueEntries } from './queue-entries.ts'
import { memoryStore, type QueueStore, type StoredUpload } from './queue-store.ts'
import {
  type Entry,
  entryOf,
  findMissing,
  hasBytes,
  isWork,
  type QueuedUpload,
  shownOf,
} from './queued-upload.ts'
import { Turns } from './turns.ts'
import type { Photo } from './types.ts'
import type { UploadFields, UploadOptions } from './upload.ts'

/** What uploads: a DarkroomClient. */
export type Uploader = {
  reserveId(options: Pick<UploadOptions, 'signal' | 'retryMs' | 'onWait'>): Promise<string>
  upload(source: PhotoSource, options: UploadOptions): Promise<Photo>
}

export type UploadQueueOptions = {
  /** Where it remembers what it has to do: `indexedDbStore()` in a browser. Default: in memory. */
  store?: QueueStore
  /** Photos that are sent at a time; as many more are made ready meanwhile. Default: 2. */
  atOnce?: number
  /** Bytes of photos that the store keeps at most; of others it keeps all else, and they are sent while this page lives. Default: 2 GiB. */
  keepBytes?: number
  /** Told after anything has changed. */
  onChange?: (queue: UploadQueue) => void
  /** Told when a file has changed since its upload began; it is sent anew, as it is now. */
  onFileChanged?: (upload: QueuedUpload) => void
  /** Told of each photo that the server has, by whichever tab it was sent. */
  onUploaded?: (photo: Photo, upload: QueuedUpload) => void
}

/** What is to be uploaded: a `File`, or bytes with a name. */
export type NamedSource = PhotoSource & { readonly name?: string; readonly lastModified?: number }

/** Of those that were added since there was nothing to do last. What failed, and what is missing, is not counted. */
export type QueueProgress = {
  photos: { done: number; total: number }
  bytes: { sent: number; total: number }
}

type AbortController = { signal: Signal; abort(reason?: unknown): void }
const { AbortController, crypto, addEventListener, removeEventListener } = globalThis as unknown as {
  AbortController: new () => AbortController
  crypto?: { randomUUID?(): string }
  addEventListener?(type: 'online' | 'offline', listener: () => void): void
  removeEventListener?(type: 'online' | 'offline', listener: () => void): void
}

/** What is aborted when uploads are paused or tried anew; no failure. */
const PAUSED = new Error('The queue was paused.')
/** A server that does not know an id any more gives another one; and what it has under it is of the file as it was. */
const EXPIRED_IDS: ReadonlySet<string> = new Set(['id_unknown', 'upload_not_found'])
const CHANGED: ReadonlySet<string> = new Set(['bytes_changed', 'id_taken'])
const KEPT_BYTES = 2 * 1024 ** 3

/**
 * Photos that wait to be uploaded, in the order in which they were added. Each is remembered before it is sent, with the id that it
 * is sent under, and forgotten when the server has it: so a reload, a crash or a repeat loses none and makes none twice.
 * It goes on until the server has every one, or says that it will not take it.
 */
export class UploadQueue {
  readonly #client: Uploader
  readonly #options: Required<Pick<UploadQueueOptions, 'store' | 'atOnce'>> & UploadQueueOptions
  readonly #entries: QueueEntries
  readonly #turns: Turns
  #isPaused = false
  #isClosed = false
  #lastPlace = 0
  #offlineAt = Number.NEGATIVE_INFINITY
  /** There when the store is held. */
  #letGo: (() => void) | null = null
  #idle: (() => void)[] = []

  private constructor(client: Uploader, options: UploadQueueOptions) {
    const { store = memoryStore(), keepBytes = KEPT_BYTES } = options
    this.#client = client
    this.#options = { atOnce: 2, ...options, store }
    this.#turns = new Turns(this.#options.atOnce)
    this.#entries = new QueueEntries({
      ...{ store, keepBytes },
      onChange: () => this.#changed(),
      onUploaded: (photo, upload) => options.onUploaded?.(photo, upload),
      onPaused: (isPaused) => this.#setPaused(isPaused),
    })
  }

  /**
   * With what was remembered, paused if it was. While another tab holds the store this one shows what that one does, and hands it
   * what is added, paused, retried or cancelled here; it goes on with all when that one is closed.
   */
  static async open(client: Uploader, options: UploadQueueOptions): Promise<UploadQueue> {
    const queue = new UploadQueue(client, options)
    const { store } = queue.#options
    queue.#isPaused = (await store.paused?.get()) ?? false
    await queue.#entries.load()
    addEventListener?.('online', queue.#goOnline)
    addEventListener?.('offline', queue.#goOffline)
    const begin = async (letGo: () => void) => {
      if (queue.#isClosed) return letGo()
      // What the other has done meanwhile.
      await queue.#entries.load()
      queue.#letGo = letGo
      queue.#changed()
    }
    if (store.hold) void store.hold().then(begin)
    else await begin(() => {})
    return queue
  }

  /** Uploads no more, and lets others do so. What is left is remembered. */
  close(): void {
    this.#isClosed = true
    this.#abort(() => true)
    removeEventListener?.('online', this.#goOnline)
    removeEventListener?.('offline', this.#goOffline)
    this.#entries.close()
    this.#letGo?.()
  }

  /** In the order in which they were added. */
  get uploads(): readonly QueuedUpload[] {
    return this.#entries.shown
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether this tab is the one that uploads. */
  get isHolder(): boolean {
    return this.#letGo !== null
  }

  get progress(): QueueProgress {
    const left = this.uploads.filter(({ state }) => state === 'waiting' || state === 'uploading')
    const { photos, bytes } = this.#entries.done
    const sum = (of: (upload: QueuedUpload) => number) => left.reduce((all, upload) => all + of(upload), 0)
    return {
      photos: { done: photos, total: photos + left.length },
      bytes: { sent: bytes + sum(({ sent }) => sent), total: bytes + sum(({ total }) => total) },
    }
  }

  /** As `addAll`, of one. */
  async add(source: NamedSource, fields: UploadFields = {}): Promise<QueuedUpload> {
    const [upload] = await this.addAll([source], fields)
    return upload as QueuedUpload
  }

  /**
   * They are shown, and sent, as soon as they are remembered; it resolves when their bytes are, too, where there is room for them. A
   * file whose bytes were missing goes on where it was. Throws what the store does: then they are not in the queue.
   */
  async addAll(sources: readonly NamedSource[], fields: UploadFields = {}): Promise<QueuedUpload[]> {
    const missing = this.#entries.all().filter((entry) => !hasBytes(entry))
    const added: Entry[] = []
    for (const source of sources) {
      const again = await findMissing(missing, source).catch(() => undefined)
      if (again) missing.splice(missing.indexOf(again), 1)
      const entry = again ?? entryOf(this.#newUpload(source, fields))
      this.#entries.set(entry, { problem: null }, { source })
      added.push(entry)
    }
    await this.#entries.add(added)
    this.#changed()
    await Promise.all(added.map((entry) => this.#entries.keep(entry)))
    return added.map(shownOf)
  }

  /** The bytes of one, as they are sent; null when they are missing. */
  async source(key: string): Promise<PhotoSource | null> {
    const entry = this.#entries.get(key)
    return entry?.source ?? (entry?.stored.isKept ? await this.#options.store.read(key) : null)
  }

  /** Until `resume`, also after a reload. */
  async pause(): Promise<void> {
    await this.#pause(true)
  }

  async resume(): Promise<void> {
    await this.#pause(false)
  }

  /** Tries at once what waits for its next attempt. */
  hurry(): void {
    this.#abort(({ delay }) => delay !== null)
  }

  /** Once more, for those that failed. */
  async retry(...keys: readonly string[]): Promise<void> {
    await this.#entries.remember(
      this.#entries.of(keys).filter(({ stored }) => stored.problem),
      { problem: null },
    )
    this.#changed()
  }

  /** Forgets them. A photo that the server has already stays. */
  async cancel(...keys: readonly string[]): Promise<void> {
    await this.#entries.remove(keys)
    this.#changed()
  }

  /** Resolves when nothing is left but what failed or is missing. */
  async whenIdle(): Promise<void> {
    if (this.#entries.hasWork()) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  readonly #goOffline = () => {
    this.#offlineAt = Date.now()
  }

  /** A connection that was lost may say so in minutes only. */
  readonly #goOnline = () => {
    this.#abort(({ delay, movedAt }) => delay?.code === 'unreachable' || movedAt < this.#offlineAt)
    this.#offlineAt = Number.NEGATIVE_INFINITY
  }

  async #pause(isPaused: boolean): Promise<void> {
    this.#setPaused(isPaused)
    this.#entries.tellPaused(isPaused)
    await this.#options.store.paused?.set(isPaused)
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#abort(() => true)
    for (const entry of this.#entries.all())
      if (entry.isElsewhere) this.#entries.set(entry, {}, { isElsewhere: false, sent: 0 })
    this.#changed()
  }

  #abort(whether: (entry: Entry) => boolean): void {
    for (const entry of this.#entries.all()) if (entry.aborter && whether(entry)) entry.aborter.abort(PAUSED)
  }

  #newUpload({ size, name = '', lastModified }: NamedSource, fields: UploadFields): StoredUpload {
    const key = crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`
    this.#lastPlace = Math.max(Date.now(), this.#lastPlace + 1)
    const nothing = { id: null, parts: null, isKept: false, problem: null }
    return { key, place: this.#lastPlace, name, size, modifiedAt: lastModified ?? null, fields, ...nothing }
  }

  #changed(): void {
    if (this.#letGo && !this.#isPaused && !this.#isClosed) this.#begin()
    this.#options.onChange?.(this)
    if (!this.#entries.hasWork()) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #begin(): void {
    const entries = this.#entries.all()
    const room = 2 * this.#options.atOnce - entries.filter(({ aborter }) => aborter).length
    const waiting = entries.filter((entry) => isWork(entry) && !entry.aborter)
    for (const entry of waiting.slice(0, room)) void this.#upload(entry)
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
      this.#changed()
    }
  }

  async #send(entry: Entry, signal: Signal): Promise<void> {
    const remember = async (change: Partial<StoredUpload>) => await this.#entries.remember([entry], change)
    const tell = (change: Partial<Entry>) => {
      this.#entries.set(entry, {}, { ...change, movedAt: Date.now() })
      this.#entries.tellSent(entry)
      this.#options.onChange?.(this)
    }
    const onWait = ({ code, message }: Problem, ms: number) =>
      tell({ delay: { code, message, until: Date.now() + ms } })
    const until = { signal, retryMs: Number.POSITIVE_INFINITY, onWait }

    const source = await this.source(entry.stored.key)
    // The browser has thrown them away.
    if (!source) return await remember({ isKept: false })
    // Remembered before it is used: a reload must not ask for another.
    const id = entry.stored.id ?? (await this.#client.reserveId(until))
    await remember({ id })
    const send = async () => {
      tell({ hasTurn: true, delay: null, beganAt: Date.now() })
      return await this.#client.upload(source, {
        ...entry.stored.fields,
        ...until,
        id,
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
      if (CHANGED.has(code)) this.#options.onFileChanged?.(shownOf(entry))
      return
    }
    const problem = { code, message: error.message }
    // A store that fails now has it as it was: after a reload it is tried again.
    await this.#entries.remember([entry], { problem }).catch(() => {})
  }
}
