import type { PhotoSource } from './platform.ts'
import { QueueEntries } from './queue-entries.ts'
import { QueueSender, type Uploader } from './queue-sender.ts'
import { memoryStore, type QueueStore, type StoredUpload } from './queue-store.ts'
import { type Entry, entryOf, findMissing, hasBytes, type QueuedUpload, shownOf } from './queued-upload.ts'
import type { Photo } from './types.ts'
import type { UploadFields } from './upload.ts'

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

const { crypto, addEventListener, removeEventListener } = globalThis as unknown as {
  crypto?: { randomUUID?(): string }
  addEventListener?(type: 'online' | 'offline', listener: () => void): void
  removeEventListener?(type: 'online' | 'offline', listener: () => void): void
}

const KEPT_BYTES = 2 * 1024 ** 3
const AT_ONCE = 2

/**
 * Photos that wait to be uploaded, in the order in which they were added. Each is remembered before it is sent, with the id that it
 * is sent under, and forgotten when the server has it: so a reload, a crash or a repeat loses none and makes none twice.
 * It goes on until the server has every one, or says that it will not take it.
 */
export class UploadQueue {
  readonly #options: UploadQueueOptions & { store: QueueStore }
  readonly #entries: QueueEntries
  readonly #sender: QueueSender
  #isPaused = false
  #isClosed = false
  #lastPlace = 0
  #offlineAt = Number.NEGATIVE_INFINITY
  /** There when the store is held. */
  #letGo: (() => void) | null = null
  #idle: (() => void)[] = []

  private constructor(client: Uploader, options: UploadQueueOptions) {
    const { store = memoryStore(), keepBytes = KEPT_BYTES } = options
    this.#options = { ...options, store }
    this.#entries = new QueueEntries({
      ...{ store, keepBytes },
      onChange: () => this.#changed(),
      onUploaded: (photo, upload) => options.onUploaded?.(photo, upload),
      onPaused: (isPaused) => this.#setPaused(isPaused),
    })
    this.#sender = new QueueSender({
      ...{ client, entries: this.#entries, atOnce: options.atOnce ?? AT_ONCE },
      onMoved: () => options.onChange?.(this),
      onEnded: () => this.#changed(),
      onFileChanged: (upload) => options.onFileChanged?.(upload),
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
    this.#sender.abort()
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
    await this.#entries.keep(added)
    return added.map(shownOf)
  }

  /** The bytes of one, as they are sent; null when they are missing. */
  async source(key: string): Promise<PhotoSource | null> {
    const entry = this.#entries.get(key)
    return entry ? await this.#entries.source(entry) : null
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
    this.#sender.abort(({ delay }) => delay !== null)
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
    this.#sender.abort(({ delay, movedAt }) => delay?.code === 'unreachable' || movedAt < this.#offlineAt)
    this.#offlineAt = Number.NEGATIVE_INFINITY
  }

  async #pause(isPaused: boolean): Promise<void> {
    this.#setPaused(isPaused)
    this.#entries.tellPaused(isPaused)
    await this.#options.store.paused?.set(isPaused)
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#sender.abort()
    for (const entry of this.#entries.all())
      if (entry.isElsewhere) this.#entries.set(entry, {}, { isElsewhere: false, sent: 0 })
    this.#changed()
  }

  #newUpload({ size, name = '', lastModified }: NamedSource, fields: UploadFields): StoredUpload {
    const key = crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`
    this.#lastPlace = Math.max(Date.now(), this.#lastPlace + 1)
    const nothing = { id: null, parts: null, isKept: false, problem: null }
    return { key, place: this.#lastPlace, name, size, modifiedAt: lastModified ?? null, fields, ...nothing }
  }

  #changed(): void {
    if (this.#letGo && !this.#isPaused && !this.#isClosed) this.#sender.begin()
    this.#options.onChange?.(this)
    if (!this.#entries.hasWork()) for (const resolve of this.#idle.splice(0)) resolve()
  }
}
