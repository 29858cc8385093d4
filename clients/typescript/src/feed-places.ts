import type { Photo, PhotoPage } from './types.ts'

/** What is kept of a photo for as long as its feed is open: enough to lay it out. */
export type Place = {
  readonly id: string
  /** When it was posted, in ms: what feeds sort by, and then by id. */
  readonly at: number
  /** Pixels of the original, null while they are not known. */
  width: number | null
  height: number | null
  color: string | null
  /** Null where it was let go, far from what is shown. */
  photo: Photo | null
}

/** Where a photo is, or would be. */
export type Spot = Pick<Place, 'id' | 'at'>

/** Between two photos: above or below a spot. */
export type Cut = { cursor: string; spot: Spot; side: 'above' | 'below' }

/** What a page was asked for; the newest if for nothing. */
export type Asked = { before?: Cut; after?: Cut; around?: string }

/**
 * Photos in the order of feeds, without a gap. A page is put in where it belongs, and in its stretch is then what it has and nothing
 * else, however often and in what order pages are read.
 */
export class FeedPlaces {
  readonly all: Place[] = []
  /** Where pages of newer and of older photos begin; null where none were. */
  newer: Cut | null = null
  older: Cut | null = null
  /** Cursors below the photos that pages ended with, by id. */
  readonly #below = new Map<string, string>()

  /** Where the photo is, or where it would be. */
  indexOf(spot: Spot): number {
    let from = 0
    let to = this.all.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (newestFirst(this.all[middle] as Place, spot) < 0) from = middle + 1
      else to = middle
    }
    return from
  }

  has(spot: Spot): boolean {
    return this.all[this.indexOf(spot)]?.id === spot.id
  }

  clear(): void {
    this.all.length = 0
    this.#below.clear()
    this.newer = null
    this.older = null
  }

  /** Puts a page in and returns its places; null if there is a gap between it and what is here. */
  put(page: PhotoPage, asked: Asked): Place[] | null {
    const spots = page.photos.map(spotOf)
    const [first, last] = [spots[0], spots.at(-1)]
    const from = page.previous === null ? 0 : this.#first(asked, first)
    const to = page.next === null ? this.all.length : this.#end(asked, last)
    const isApart = to === 0 && this.all.length > 0 && !asked.after
    if (isApart || to < from) return null

    const known = new Map(this.all.slice(from, to).map((place) => [place.id, place]))
    const places = page.photos.map((photo, i) => told(photo, known.get(photo.id) ?? (spots[i] as Spot)))
    for (const id of known.keys()) this.#below.delete(id)
    const [isTop, isEnd] = [from === 0, to === this.all.length]
    this.all.splice(from, to - from, ...places)
    if (isTop) this.newer = cutAt(page.previous, first ?? asked.after?.spot, 'above')
    if (isEnd) this.older = cutAt(page.next, last ?? asked.before?.spot, 'below')
    if (last && page.next !== null) this.#below.set(last.id, page.next)
    return places
  }

  /** Puts a photo in, or in place of what it was; null where that would leave a gap. */
  add(photo: Photo): Place | null {
    const spot = spotOf(photo)
    const index = this.indexOf(spot)
    const known = this.all[index]
    if (known?.id === photo.id) return told(photo, known)
    const isBeyond =
      (index === 0 && this.newer !== null) || (index === this.all.length && this.older !== null)
    if (isBeyond) return null
    const place = told(photo, spot)
    this.all.splice(index, 0, place)
    return place
  }

  remove(spot: Spot): void {
    if (!this.has(spot)) return
    this.all.splice(this.indexOf(spot), 1)
    this.#below.delete(spot.id)
  }

  /** What to ask for to read that photo anew, and those after it. */
  pageWith(index: number): Asked {
    for (let above = index - 1; above >= 0; above--) {
      const spot = this.all[above] as Place
      const cursor = this.#below.get(spot.id)
      if (cursor !== undefined) return { before: { cursor, spot, side: 'below' } }
    }
    return this.newer ? { before: this.newer } : {}
  }

  #first({ before }: Asked, first: Spot | undefined): number {
    if (before) return before.side === 'above' ? this.indexOf(before.spot) : this.#behind(before.spot)
    return first ? this.indexOf(first) : 0
  }

  #end({ after }: Asked, last: Spot | undefined): number {
    if (after) return this.indexOf(after.spot)
    return last ? this.#behind(last) : this.all.length
  }

  #behind(spot: Spot): number {
    return this.indexOf(spot) + (this.has(spot) ? 1 : 0)
  }
}

/** As the server sorts; ids are positive numbers in decimal digits. */
export function newestFirst(a: Spot, b: Spot): number {
  if (a.at !== b.at) return b.at - a.at
  if (a.id.length !== b.id.length) return b.id.length - a.id.length
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}

export function spotOf({ id, createdAt }: Pick<Photo, 'id' | 'createdAt'>): Spot {
  return { id, at: Date.parse(createdAt) }
}

function cutAt(cursor: string | null, spot: Spot | undefined, side: Cut['side']): Cut | null {
  return cursor === null || !spot ? null : { cursor, spot, side }
}

/** The place of that photo, as it is told of now. */
function told(photo: Photo, spot: Spot): Place {
  const { original, color } = photo
  return Object.assign(spot, { width: original.width, height: original.height, color, photo })
}
