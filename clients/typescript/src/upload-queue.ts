import type { PhotoSource, Signal } from './platform.ts'
import { memoryStore, type QueueStore, type StoredUpload } from './queue-store.ts'
import type { Photo } from './types.ts'
import type { UploadFields, UploadOptions } from './upload.ts'

/** What uploads: a DarkroomClient. */
export type Uploader = {
  reserveId(options: Pick<UploadOptions, 'signal' | 'retryMs'>): Promise<string>
  upload(source: PhotoSource, options: UploadOptions): Promise<Photo>
}

export type UploadQueueOptions = {
  /** Where it remembers what it has to do: `indexedDbStore()` in a browser. Default: in memory. */
  store?: QueueStore
  /** Uploads at a time. Default: 2. */
  atOnce?: number
  /** Told after anything has changed. */
  onChange?: (queue: UploadQueue) => void
  /** Told when a file has changed since its upload began; it is sent anew, as it is now. */
  onFileChanged?: (upload: QueuedUpload) => void
  /** Told of each photo that the server has. */
  onUploaded?: (photo: Photo, upload: QueuedUpload) => void
}

export type QueuedUpload = {
  readonly key: string
  readonly name: string
  readonly total: number
  readonly state: 'waiting' | 'uploading' | 'failed'
  readonly sent: number
  /** Why it failed, by code; `retry` may help. */
  readonly problem: { code: string; message: string } | null
}

type Entry = { stored: StoredUpload; sent: number; aborter: AbortController | null }

type AbortController = { signal: Signal; abort(reason?: unknown): void }
const { AbortController, crypto } = globalThis as unknown as {
  AbortController: new () => AbortController
  crypto?: { randomUUID?(): string }
}

/** What is aborted when uploads are paused; no failure. */
const PAUSED = new Error('The queue was paused.')
/** A server that does not know an id any more gives another one; and what it has under it is of the file as it was. */
const EXPIRED_IDS: ReadonlySet<string> = new Set(['id_unknown', 'upload_not_found'])
const CHANGED: ReadonlySet<string> = new Set(['bytes_changed', 'id_taken'])

/**
 * Photos that wait to be uploaded, in the order in which they were added. Each is remembered before `add` resolves, with the id
 * that it is sent under, and forgotten when the server has it: so a reload, a crash or a repeat loses none and makes none twice.
 * It goes on until the server has every one, or says that it will not take it.
 */
export class UploadQueue {
  readonly #client: Uploader
  readonly #options: Required<Pick<UploadQueueOptions, 'store' | 'atOnce'>> & UploadQueueOptions
  readonly #entries = new Map<string, Entry>()
  #isPaused = false
  #lastPlace = 0
  /** There when the store is held. */
  #letGo: (() => void) | null = null
  #idle: (() => void)[] = []

  private constructor(client: Uploader, options: UploadQueueOptions) {
    this.#client = client
    this.#options = { store: memoryStore(), atOnce: 2, ...options }
  }

  /**
   * With what was remembered. While another tab holds the store this one only shows what there is and takes what is added; it
   * goes on with all when that one is closed.
   */
  static async open(client: Uploader, options: UploadQueueOptions): Promise<UploadQueue> {
    const queue = new UploadQueue(client, options)
    const { store } = queue.#options
    await queue.#load()
    const begin = async (letGo: () => void) => {
      // What the other has done meanwhile.
      await queue.#load()
      queue.#letGo = letGo
      queue.#changed()
    }
    if (store.hold) void store.hold().then(begin)
    else await begin(() => {})
    return queue
  }

  /** Uploads no more, and lets others do so. What is left is remembered. */
  close(): void {
    this.pause()
    this.#letGo?.()
  }

  get uploads(): QueuedUpload[] {
    return this.#inOrder().map(({ stored, sent, aborter }) => ({
      key: stored.key,
      name: stored.name,
      total: stored.source.size,
      state: stored.problem ? 'failed' : aborter ? 'uploading' : 'waiting',
      sent,
      problem: stored.problem,
    }))
  }

  /** Resolves when it is remembered. Throws what the store does, as when it is full: then it is not in the queue. */
  async add(
    source: PhotoSource & { readonly name?: string },
    fields: UploadFields = {},
  ): Promise<QueuedUpload> {
    const key = crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`
    const stored = {
      key,
      place: this.#nextPlace(),
      name: source.name ?? '',
      source,
      fields,
      id: null,
      parts: null,
      problem: null,
    }
    await this.#options.store.put(stored)
    this.#entries.set(key, { stored, sent: 0, aborter: null })
    this.#changed()
    return this.#shown(key) as QueuedUpload
  }

  pause(): void {
    this.#isPaused = true
    for (const { aborter } of this.#entries.values()) aborter?.abort(PAUSED)
  }

  resume(): void {
    this.#isPaused = false
    this.#changed()
  }

  /** Once more, for one that failed. */
  async retry(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (!entry) return
    await this.#remember(entry, { problem: null })
    this.#changed()
  }

  /** Forgets it. The photo, if the server has it already, stays. */
  async cancel(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    entry?.aborter?.abort(PAUSED)
    await this.#options.store.remove(key)
    this.#changed()
  }

  /** Resolves when nothing is left but what failed. */
  async whenIdle(): Promise<void> {
    if (this.#hasWork()) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  async #load(): Promise<void> {
    // Those that are added from now on may be missing in what the store says.
    const known = new Set(this.#entries.keys())
    for (const stored of await this.#options.store.all()) {
      known.delete(stored.key)
      const entry = this.#entries.get(stored.key)
      if (entry) entry.stored = stored
      else this.#entries.set(stored.key, { stored, sent: 0, aborter: null })
    }
    for (const key of known) this.#entries.delete(key)
  }

  #shown(key: string): QueuedUpload | undefined {
    return this.uploads.find((upload) => upload.key === key)
  }

  #nextPlace(): number {
    this.#lastPlace = Math.max(Date.now(), this.#lastPlace + 1)
    return this.#lastPlace
  }

  /** In the order in which they were added. */
  #inOrder(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.stored.place - b.stored.place)
  }

  #hasWork(): boolean {
    return [...this.#entries.values()].some(({ stored }) => !stored.problem)
  }

  #changed(): void {
    if (this.#letGo && !this.#isPaused) this.#begin()
    this.#options.onChange?.(this)
    if (!this.#hasWork()) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #begin(): void {
    const entries = this.#inOrder()
    const room = this.#options.atOnce - entries.filter(({ aborter }) => aborter).length
    for (const entry of entries.filter(({ stored, aborter }) => !stored.problem && !aborter).slice(0, room))
      void this.#upload(entry)
  }

  async #upload(entry: Entry): Promise<void> {
    const { key, source, fields } = entry.stored
    entry.aborter = new AbortController()
    const { signal } = entry.aborter
    const until = { signal, retryMs: Number.POSITIVE_INFINITY }
    try {
      // Remembered before it is used: a reload must not ask for another.
      const id = entry.stored.id ?? (await this.#client.reserveId(until))
      await this.#remember(entry, { id })
      const onProgress = ({ sent }: { sent: number }) => {
        entry.sent = sent
        this.#options.onChange?.(this)
      }
      const onParts = async (parts: readonly string[]) => await this.#remember(entry, { parts })
      const parts = entry.stored.parts ?? undefined
      const photo = await this.#client.upload(source, { ...fields, ...until, id, parts, onParts, onProgress })
      await this.#options.store.remove(key)
      const upload = this.#shown(key)
      this.#entries.delete(key)
      if (upload) this.#options.onUploaded?.(photo, upload)
    } catch (error) {
      entry.sent = 0
      if (signal.aborted) return
      const { code = 'unknown', message } = error as { code?: string; message: string }
      if (EXPIRED_IDS.has(code) || CHANGED.has(code)) {
        await this.#remember(entry, { id: null, parts: null })
        const upload = this.#shown(key)
        if (CHANGED.has(code) && upload) this.#options.onFileChanged?.(upload)
        return
      }
      // A store that fails now has it as it was: after a reload it is tried again.
      await this.#remember(entry, { problem: { code, message } }).catch(() => {})
    } finally {
      entry.aborter = null
      this.#changed()
    }
  }

  async #remember(entry: Entry, change: Partial<StoredUpload>): Promise<void> {
    entry.stored = { ...entry.stored, ...change }
    // One that was cancelled meanwhile stays forgotten.
    if (this.#entries.has(entry.stored.key)) await this.#options.store.put(entry.stored)
  }
}
