import type { Api } from './api.ts'
import { type Rendition, renditionUrl, srcset, type Wish } from './pictures.ts'
import type { Delivery, Photo, PhotoPage, Photos } from './types.ts'

export type FeedOptions = Wish & {
  /** Photos a page. */
  limit?: number
  /** Told after photos or their URLs have changed. */
  onChange?: () => void
}

const { setTimeout, clearTimeout } = globalThis as unknown as {
  setTimeout(run: () => void, ms: number): number
  clearTimeout(timer: number): void
}

/** URLs are asked for anew so long before they stop working, and then some, so that not all clients come at once. */
const MARGIN_MS = 5 * 60_000
const JITTER_MS = 60_000
const RETRY_MS = 30_000
/** A timer waits no longer than 32 bits of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const MOST_IDS = 100

/**
 * Photos, newest first, as far as they were asked for. What all URLs have alike comes once, in the page's `delivery`, and anew
 * before it expires, for as long as the feed is not closed.
 */
export class PhotoFeed {
  readonly #api: Api
  readonly #path: string
  readonly #options: FeedOptions
  #photos: Photo[] = []
  #delivery: Delivery | undefined
  #older: string | null = null
  #hasBegun = false
  #timer: number | undefined

  constructor(api: Api, path: string, options: FeedOptions) {
    this.#api = api
    this.#path = path
    this.#options = options
  }

  get photos(): readonly Photo[] {
    return this.#photos
  }

  /** Whether there may be older ones than those that are here. */
  get hasOlder(): boolean {
    return !this.#hasBegun || this.#older !== null
  }

  /** The next page: of the newest photos at first, of older ones then. Nothing when there are none. */
  async loadOlder(): Promise<void> {
    if (!this.hasOlder) return
    const page = await this.#page(this.#older ? { before: this.#older } : {})
    const known = this.#ids()
    this.#hasBegun = true
    this.#older = page.next
    this.#delivery = page.delivery ?? this.#delivery
    this.#photos = [...this.#photos, ...page.photos.filter(({ id }) => !known.has(id))]
    this.#changed()
  }

  /** Those that have come since: pages from the newest on, down to a photo that is here. */
  async loadNewer(): Promise<void> {
    if (!this.#hasBegun) return await this.loadOlder()
    const known = this.#ids()
    const newer: Photo[] = []
    for (let before: string | null = ''; before !== null; ) {
      const page: PhotoPage = await this.#page(before ? { before } : {})
      newer.push(...page.photos.filter(({ id }) => !known.has(id)))
      this.#delivery = page.delivery ?? this.#delivery
      before = page.photos.some(({ id }) => known.has(id)) ? null : page.next
    }
    this.#photos = [...newer, ...this.#photos]
    this.#changed()
  }

  /** Works for as long as the feed is open: it changes when the one before expires. */
  url(photo: Photo, rendition: Rendition): string {
    return renditionUrl(rendition, photo, this.#delivery)
  }

  srcset(photo: Photo): string {
    return srcset(photo, this.#options, this.#delivery)
  }

  /** All photos as they are now, with URLs that are good for long again; those that are gone are left out. */
  async refresh(): Promise<void> {
    const fresh = new Map<string, Photo>()
    for (let at = 0; at < this.#photos.length; at += MOST_IDS) {
      const ids = this.#photos.slice(at, at + MOST_IDS).map(({ id }) => id)
      const page = await this.#api.json<Photos>('/v1/photos', {
        query: { ...this.#wish(), ids: ids.join(',') },
      })
      this.#delivery = page.delivery ?? this.#delivery
      for (const photo of page.photos) fresh.set(photo.id, photo)
    }
    this.#photos = this.#photos.flatMap(({ id }) => fresh.get(id) ?? [])
    this.#changed()
  }

  /** From now on nothing is asked for any more. */
  close(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }

  async #page(cut: { before?: string }): Promise<PhotoPage> {
    const { limit } = this.#options
    return await this.#api.json(this.#path, { query: { ...this.#wish(), ...(limit && { limit }), ...cut } })
  }

  #wish() {
    const { presets, formats } = this.#options
    return {
      urls: 'parts',
      ...(presets && { presets: presets.join(',') }),
      ...(formats && { formats: formats.join(',') }),
    }
  }

  #ids(): Set<string> {
    return new Set(this.#photos.map(({ id }) => id))
  }

  #changed(): void {
    const ends = [this.#delivery, ...this.#photos.map(({ delivery }) => delivery)].flatMap((delivery) =>
      delivery ? [Date.parse(delivery.expiresAt)] : [],
    )
    if (ends.length > 0) this.#refreshAt(Math.min(...ends) - MARGIN_MS - Math.random() * JITTER_MS)
    this.#options.onChange?.()
  }

  #refreshAt(time: number): void {
    this.close()
    const refresh = () => void this.refresh().catch(() => this.#refreshAt(Date.now() + RETRY_MS))
    this.#timer = setTimeout(refresh, Math.min(LONGEST_TIMER_MS, Math.max(1_000, time - Date.now())))
  }
}
