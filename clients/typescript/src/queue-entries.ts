import { digestsOf } from './parts.ts'
import type { PhotoSource } from './platform.ts'
import type { QueueStore, StoredUpload } from './queue-store.ts'
import { type Entry, entryOf, isWork, type QueuedUpload, shownOf } from './queued-upload.ts'
import type { Photo } from './types.ts'

/** What tabs tell each other. */
type News =
  | { put: readonly StoredUpload[] }
  | { removed: readonly string[] }
  | { sent: number; of: string }
  | { photo: Photo; of: string }
  | { isPaused: boolean }

export type EntriesOptions = {
  store: QueueStore
  keepBytes: number
  /** Something that is shown is another now. */
  onChange: () => void
  /** The server has one, by whichever tab. */
  onUploaded: (photo: Photo, upload: QueuedUpload) => void
  /** Another tab has paused all, or no more. */
  onPaused: (isPaused: boolean) => void
}

const TELL_MS = 250

/** What a queue has to do: remembered in its store, and the same in all tabs that use it. */
export class QueueEntries {
  readonly #options: EntriesOptions
  readonly #entries = new Map<string, Entry>()
  #shown: readonly QueuedUpload[] | null = null
  #done = { photos: 0, bytes: 0 }
  #link: { tell(news: News): void; close(): void } | undefined
  /** The last of those whose bytes are being kept. */
  #keeping: Promise<unknown> = Promise.resolve()

  constructor(options: EntriesOptions) {
    this.#options = options
    this.#link = options.store.link?.((news) => this.#hear(news as News))
  }

  /** In the order in which they were added. */
  all(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.stored.place - b.stored.place)
  }

  /** As they are shown, in the same order: the same objects until something of them changes. */
  get shown(): readonly QueuedUpload[] {
    this.#shown ??= this.all().map(shownOf)
    return this.#shown
  }

  /** Of those that were added since there was nothing to do last. */
  get done(): { photos: number; bytes: number } {
    return this.#done
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  of(keys: readonly string[]): Entry[] {
    return keys.flatMap((key) => this.#entries.get(key) ?? [])
  }

  /** Its bytes; null when they are missing. */
  async source({ source, stored }: Entry): Promise<PhotoSource | null> {
    return source ?? (stored.isKept ? await this.#options.store.read(stored.key) : null)
  }

  hasWork(): boolean {
    return [...this.#entries.values()].some(isWork)
  }

  /** As the store has them. */
  async load(): Promise<void> {
    // Those that are added from now on may be missing in what the store says.
    const known = new Set(this.#entries.keys())
    for (const stored of await this.#options.store.all()) {
      known.delete(stored.key)
      const entry = this.#entries.get(stored.key)
      if (entry) this.set(entry, stored, { isElsewhere: false })
      else this.#entries.set(stored.key, entryOf(stored))
    }
    for (const key of known) this.#entries.delete(key)
    this.#shown = null
  }

  /** Resolves when they are remembered: then they are here. */
  async add(entries: readonly Entry[]): Promise<void> {
    if (!this.hasWork()) this.#done = { photos: 0, bytes: 0 }
    await this.#put(entries.map(({ stored }) => stored))
    for (const entry of entries) {
      this.#entries.set(entry.stored.key, entry)
      this.set(entry, {})
    }
  }

  /** Not remembered yet. */
  set(entry: Entry, stored: Partial<StoredUpload>, rest: Partial<Entry> = {}): void {
    Object.assign(entry, rest, { stored: { ...entry.stored, ...stored }, shown: null })
    this.#shown = null
  }

  async remember(entries: readonly Entry[], change: Partial<StoredUpload>): Promise<void> {
    for (const entry of entries) this.set(entry, change)
    // Those that were cancelled meanwhile stay forgotten.
    await this.#put(entries.map(({ stored }) => stored).filter(({ key }) => this.#entries.has(key)))
  }

  /**
   * Lets the store have their bytes, or what tells them if the file is chosen again: one at a time, as they are read from one disk,
   * and last those that are being sent, most of which need not be kept any more then.
   */
  async keep(entries: readonly Entry[]): Promise<void> {
    const kept = this.#keeping.then(async () => {
      const sending: Entry[] = []
      for (const entry of entries)
        if (entry.aborter) sending.push(entry)
        else await this.#keep(entry)
      for (const entry of sending) await this.#keep(entry)
    })
    this.#keeping = kept.catch(() => {})
    await kept
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const entry of this.of(keys)) this.#forget(entry)
    await this.#options.store.remove(keys)
    this.#link?.tell({ removed: keys })
  }

  /** The server has it. */
  async finish(entry: Entry, photo: Photo): Promise<void> {
    await this.#options.store.remove([entry.stored.key])
    this.#link?.tell({ photo, of: entry.stored.key })
    this.#finish(entry, photo)
  }

  /** Now and then: each that hears it costs as much as a piece that is sent. */
  tellSent(entry: Entry): void {
    if (Date.now() < entry.toldAt + TELL_MS) return
    entry.toldAt = Date.now()
    this.#link?.tell({ sent: entry.sent, of: entry.stored.key })
  }

  tellPaused(isPaused: boolean): void {
    this.#link?.tell({ isPaused })
  }

  close(): void {
    this.#link?.close()
    this.#link = undefined
  }

  async #put(uploads: readonly StoredUpload[]): Promise<void> {
    if (uploads.length === 0) return
    await this.#options.store.put(uploads)
    this.#link?.tell({ put: uploads })
  }

  async #keep(entry: Entry): Promise<void> {
    const { source } = entry
    const { store, keepBytes, onChange } = this.#options
    if (!source || this.#entries.get(entry.stored.key) !== entry) return
    const bytes = [...this.#entries.values()].reduce(
      (sum, { stored }) => sum + (stored.isKept ? stored.size : 0),
      0,
    )
    if (bytes + source.size <= keepBytes) {
      this.set(entry, { isKept: true })
      try {
        await store.keep(entry.stored, source)
        this.set(entry, {}, { source: null })
        this.#link?.tell({ put: [entry.stored] })
        return onChange()
      } catch {
        // Full, or the file can't be read any more, which is found out when it is sent.
        this.set(entry, { isKept: false })
      }
    }
    const parts = entry.stored.parts ?? (await digestsOf(source).catch(() => null))
    // What can't even be remembered so far is sent all the same.
    await this.remember([entry], { parts }).catch(() => {})
    onChange()
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.stored.key)
    this.#shown = null
    entry.aborter?.abort()
  }

  #finish(entry: Entry, photo: Photo): void {
    this.#entries.delete(entry.stored.key)
    this.#done = { photos: this.#done.photos + 1, bytes: this.#done.bytes + entry.stored.size }
    this.set(entry, {}, { sent: entry.stored.size, delay: null })
    this.#options.onUploaded(photo, shownOf(entry))
  }

  #hear(news: News): void {
    if ('isPaused' in news) this.#options.onPaused(news.isPaused)
    else if ('put' in news) for (const stored of news.put) this.#hearPut(stored)
    else if ('removed' in news) for (const entry of this.of(news.removed)) this.#forget(entry)
    else
      for (const entry of this.of([news.of])) {
        if ('photo' in news) this.#finish(entry, news.photo)
        else this.set(entry, {}, { sent: news.sent, isElsewhere: true })
      }
    this.#options.onChange()
  }

  #hearPut(stored: StoredUpload): void {
    const entry = this.#entries.get(stored.key)
    if (!entry) this.#entries.set(stored.key, entryOf(stored))
    // Where it is sent it is known better.
    else if (!entry.aborter) this.set(entry, stored, stored.problem ? { isElsewhere: false, sent: 0 } : {})
    this.#shown = null
  }
}
