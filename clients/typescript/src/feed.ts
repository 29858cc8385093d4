import type { Api } from './api.ts'
import { type Asked, FeedPlaces, type Place, type Spot } from './feed-places.ts'
import { type Rendition, renditionUrl, srcset, type Wish } from './pictures.ts'
import type { Signal } from './platform.ts'
import { Problem } from './problem.ts'
import type { Delivery, Photo, PhotoPage, Photos } from './types.ts'

export type FeedOptions = Wish & {
  /** Photos a page. */
  limit?: number
  /** Told after photos, or the URLs of those that are shown, have changed. */
  onChange?: () => void
  /** As the client's. */
  retryMs?: number
}

const { setTimeout, clearTimeout, AbortController } = globalThis as unknown as {
  setTimeout(run: () => void, ms: number): number
  clearTimeout(timer: number): void
  AbortController: new () => { signal: Signal; abort(): void }
}

/** URLs are asked for anew so long before they stop working, and then some, so that not all clients come at once. */
const MARGIN_MS = 5 * 60_000
const JITTER_MS = 60_000
const RETRY_MS = 30_000
/** A timer waits no longer than 32 bits of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const MOST_IDS = 100
/** Nobody tells what others do to their photos: what is shown is read anew when it was not for so long. */
const STALE_MS = 60_000
/** So many photos are kept whole by a feed that knows which are shown, those that were shown or read last. */
const MOST_WHOLE = 400

/**
 * Photos, newest first, without a gap, as far as they were asked for in both directions. What all URLs have alike comes once, in the
 * page's `delivery`, and anew before it expires, for as long as the feed is not closed. What is asked of it is done one after the other.
 */
export class PhotoFeed {
  readonly #api: Api
  readonly #path: string
  readonly #options: FeedOptions
  readonly #isOfFeed: (photo: Photo) => boolean
  readonly #places = new FeedPlaces()
  /** When those that are whole were read; the last ones that were shown or read at the end. */
  readonly #readAt = new Map<Place, number>()
  readonly #closing = new AbortController()
  #delivery: Delivery | undefined
  #shown: readonly Place[] | null = null
  #hasBegun = false
  /** Whether what is shown is being read, or will be. */
  #isReading = false
  #last: Promise<unknown> = Promise.resolve()
  #timer: number | undefined

  constructor(api: Api, path: string, options: FeedOptions, isOfFeed: (photo: Photo) => boolean) {
    this.#api = api
    this.#path = path
    this.#options = options
    this.#isOfFeed = isOfFeed
  }

  /** All photos that are known; the same array, changed in place. */
  get places(): readonly Place[] {
    return this.#places.all
  }

  /** Those of them that are here whole: all, if the feed is not told which are shown. */
  get photos(): readonly Photo[] {
    return this.#places.all.flatMap(({ photo }) => photo ?? [])
  }

  /** What the URLs have alike of photos that have no `delivery` of their own. */
  get delivery(): Delivery | undefined {
    return this.#delivery
  }

  /** Whether there may be older ones than those that are here. */
  get hasOlder(): boolean {
    return !this.#hasBegun || this.#places.older !== null
  }

  /** Whether there were newer ones than those that are here, when that was last asked. */
  get hasNewer(): boolean {
    return this.#places.newer !== null
  }

  /** The newest photos, and none of those that were here. */
  async open(): Promise<void> {
    await this.#inTurn(async () => await this.#begin({}))
  }

  /** That photo and those around it, and none of those that were here. Throws Problem `photo_not_found` when it is not there. */
  async openAt(id: string): Promise<void> {
    await this.#inTurn(async () => await this.#begin({ around: id }))
  }

  /** The next page: of the newest photos at first, of older ones then. Nothing when there are none. */
  async loadOlder(): Promise<void> {
    await this.#inTurn(async () => {
      const { older } = this.#places
      if (!this.#hasBegun) await this.#begin({})
      else if (older) await this.#read({ before: older })
    })
  }

  /** The next page of newer ones; of those that have come since, where there were none. */
  async loadNewer(): Promise<void> {
    await this.#inTurn(async () => {
      const { newer } = this.#places
      if (!this.#hasBegun) await this.#begin({})
      else if (newer) await this.#read({ after: newer })
      else await this.#readAround(0)
    })
  }

  /** Photos of which an event told, as they are now: new ones come in where they belong, and those that are gone leave. */
  async update(ids: readonly string[]): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#hasBegun) return
      for (let at = 0; at < ids.length; at += MOST_IDS) {
        const asked = ids.slice(at, at + MOST_IDS)
        const query = { ...this.#wish(), ids: asked.join(',') }
        const { photos, delivery } = await this.#ask<Photos>('/v1/photos', query)
        const isGone = new Set(asked)
        for (const photo of photos.filter(this.#isOfFeed)) {
          const place = this.#places.add(photo)
          if (place) this.#keep([place])
          isGone.delete(photo.id)
        }
        for (const place of this.#places.all.filter(({ id }) => isGone.has(id))) this.#forget(place)
        this.#delivery = delivery ?? this.#delivery
      }
      this.#changed()
    })
  }

  /** The index in `places` of a photo, or where it would be. */
  indexOf(spot: Spot): number {
    return this.#places.indexOf(spot)
  }

  /**
   * Tells which photos are on the screen or about to be, by their indices. From then on these are kept as they are, and few others: what
   * was let go, or not asked for in the last minute, is read anew. To be told again at times.
   */
  show(from: number, to: number): void {
    const shown = this.#places.all.slice(from, to)
    this.#shown = shown
    for (const place of shown) this.#touch(place)
    this.#letGo()
    const oldest = Date.now() - STALE_MS
    const isStale = shown.some((place) => (this.#readAt.get(place) ?? 0) < oldest)
    if (!isStale || this.#isReading) return
    this.#isReading = true
    void this.#inTurn(async () => await this.#readShown(oldest))
      .catch(() => {})
      .finally(() => {
        this.#isReading = false
      })
  }

  /** Works for as long as the feed is open: it changes when the one before expires. */
  url(photo: Photo, rendition: Rendition): string {
    return renditionUrl(rendition, photo, this.#delivery)
  }

  srcset(photo: Photo): string {
    return srcset(photo, this.#options, this.#delivery)
  }

  /** Reads anew what is shown, or all: those that are gone leave, others come in, URLs are good for long again. */
  async refresh(): Promise<void> {
    await this.#inTurn(async () => await this.#readShown(Date.now()))
  }

  /** From now on nothing is asked for any more. */
  close(): void {
    this.#closing.abort()
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }

  async #begin(asked: Asked): Promise<void> {
    const page = await this.#page(asked)
    this.#places.clear()
    this.#readAt.clear()
    this.#shown &&= []
    this.#hasBegun = true
    this.#take(page, asked)
  }

  async #read(asked: Asked): Promise<readonly Place[] | null> {
    return this.#take(await this.#page(asked), asked)
  }

  /** The page that has that photo and those after it; a smaller one around it when so many are new that it would not reach. */
  async #readAround(index: number): Promise<readonly Place[] | null> {
    const places = await this.#read(this.#places.pageWith(index))
    if (places) return places
    for (;;) {
      const place = this.#places.all[index]
      if (!place) return null
      try {
        return await this.#read({ around: place.id })
      } catch (error) {
        if (!(error instanceof Problem && error.code === 'photo_not_found')) throw error
        this.#forget(place)
      }
    }
  }

  /** Reads what is shown, and was not read since. */
  async #readShown(since: number): Promise<void> {
    const isStale = (place: Place) => (this.#readAt.get(place) ?? 0) < since && this.#places.has(place)
    for (;;) {
      const place = (this.#shown ?? this.#places.all).find(isStale)
      if (!place || this.#closing.signal.aborted) return
      await this.#readAround(this.#places.indexOf(place))
    }
  }

  #take(page: PhotoPage, asked: Asked): readonly Place[] | null {
    this.#delivery = page.delivery ?? this.#delivery
    const places = this.#places.put(page, asked)
    if (places) {
      this.#keep(places)
      this.#changed()
    }
    return places
  }

  #keep(places: readonly Place[]): void {
    for (const place of places) {
      this.#readAt.delete(place)
      this.#readAt.set(place, Date.now())
    }
    this.#letGo()
  }

  #touch(place: Place): void {
    const readAt = this.#readAt.get(place)
    if (readAt === undefined) return
    this.#readAt.delete(place)
    this.#readAt.set(place, readAt)
  }

  #letGo(): void {
    if (!this.#shown) return
    for (const place of this.#readAt.keys()) {
      if (this.#readAt.size <= Math.max(MOST_WHOLE, this.#shown.length)) return
      this.#readAt.delete(place)
      place.photo = null
    }
  }

  #forget(place: Place): void {
    this.#places.remove(place)
    this.#readAt.delete(place)
  }

  async #page({ before, after, around }: Asked): Promise<PhotoPage> {
    const { limit } = this.#options
    const cut = before
      ? { before: before.cursor }
      : after
        ? { after: after.cursor }
        : around
          ? { around }
          : {}
    return await this.#ask(this.#path, { ...this.#wish(), ...(limit && { limit }), ...cut })
  }

  async #ask<Reply>(path: string, query: Record<string, string | number>): Promise<Reply> {
    const { retryMs } = this.#options
    return await this.#api.json<Reply>(path, { query, retryMs, signal: this.#closing.signal })
  }

  #wish() {
    const { presets, formats } = this.#options
    return {
      urls: 'parts',
      ...(presets && { presets: presets.join(',') }),
      ...(formats && { formats: formats.join(',') }),
    }
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => {})
    await turn
  }

  #changed(): void {
    const photos = (this.#shown ?? this.#places.all).map(({ photo }) => photo)
    const ends = [this.#delivery, ...photos.map((photo) => photo?.delivery)].flatMap((delivery) =>
      delivery ? [Date.parse(delivery.expiresAt)] : [],
    )
    if (ends.length > 0) this.#refreshAt(Math.min(...ends) - MARGIN_MS - Math.random() * JITTER_MS)
    this.#options.onChange?.()
  }

  #refreshAt(time: number): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
    const refresh = () => void this.refresh().catch(() => this.#refreshAt(Date.now() + RETRY_MS))
    this.#timer = setTimeout(refresh, Math.min(LONGEST_TIMER_MS, Math.max(1_000, time - Date.now())))
  }
}
