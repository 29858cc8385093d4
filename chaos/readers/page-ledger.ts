import type { PhotoReply } from '../../src/http/schemas/photo.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Wish } from '../owner.ts'
import { Fact } from './fact.ts'

/** A photo as a page tells of it. */
export type Seen = Pick<PhotoReply, 'id' | 'owner' | 'createdAt'>

/** Those next to a photo, on one side of it or on both; the newest without one. */
export type Cut = { side: 'newest' } | { side: 'before' | 'after' | 'around'; photo: Seen }

/** A page as it was asked for and answered. */
export type Page = {
  /** Whose it is. */
  name: string
  cut: Cut
  limit: number
  photos: readonly Seen[]
  hasNewer: boolean
  hasOlder: boolean
  askedAt: number
  answeredAt: number
  /** Whether it is to have the owner's photos; null when nobody knows. */
  isOf(owner: OwnerId, from: number, to: number): boolean | null
}

type Entry = { seen: Seen | null; isShown: Fact }

/**
 * What is known of which photos are shown to others at which time: by what their owners asked for and were answered, and by
 * what pages had. Holds each page against it.
 */
export class PageLedger {
  readonly #entries = new Map<string, Entry>()
  readonly #findings: string[] = []
  readonly #seenWithinMs: number
  #pages = 0

  /** What one page shows that nobody was told of, all others show so much later. */
  constructor({ seenWithinMs }: { seenWithinMs: number }) {
    this.#seenWithinMs = seenWithinMs
  }

  get findings(): readonly string[] {
    return this.#findings
  }

  /** How many were looked at. */
  get pages(): number {
    return this.#pages
  }

  /** Photos that somebody has seen. */
  get seen(): Seen[] {
    return [...this.#entries.values()].flatMap(({ seen }) => seen ?? [])
  }

  /** The photo's owner asks for this from now on. */
  asks(id: string, { name }: Wish): void {
    if (name === 'visibility' || name === 'deletion') this.#entry(id).isShown.ask()
  }

  /** The photo's owner has just been told that it is so. */
  grant(id: string, wish: Wish): void {
    const { seen, isShown } = this.#entry(id)
    if (wish.name === 'deletion') isShown.grant(false)
    if (wish.name !== 'visibility') return
    // One that nobody has seen may not be ready yet.
    isShown.grant(wish.visibility === 'private' ? false : seen !== null || null)
  }

  /** Holds a page that was just answered against all that is known, and learns from it. */
  look(page: Page): void {
    this.#pages += 1
    this.#findings.push(...this.#wrongsOf(page).map((wrong) => `${page.name}, ${page.cut.side}: ${wrong}`))
    for (const seen of page.photos) {
      const entry = this.#entry(seen.id)
      entry.seen = seen
      entry.isShown.see(true, { askedAt: page.askedAt, withinMs: this.#seenWithinMs })
    }
  }

  /** Somebody was told that a photo, and what is around it, is not there. */
  lookForNone(
    { name, isOf }: Pick<Page, 'name' | 'isOf'>,
    { cut }: Pick<Page, 'cut'>,
    { askedAt, answeredAt }: Pick<Page, 'askedAt' | 'answeredAt'>,
  ): void {
    if (cut.side === 'newest') return
    const { id, owner } = cut.photo
    if (this.#entry(id).isShown.throughout(askedAt, answeredAt) && isOf(owner, askedAt, answeredAt))
      this.#findings.push(`${name}, ${cut.side}: ${id} of ${owner} was there, and was not found`)
  }

  #wrongsOf(page: Page): string[] {
    const { cut, photos, limit, askedAt, answeredAt } = page
    const here = new Set(photos.map(({ id }) => id))
    const isShown = (entry: Entry) => entry.isShown.throughout(askedAt, answeredAt)
    const isOf = ({ owner }: Seen) => page.isOf(owner, askedAt, answeredAt)
    const wrongs: string[] = []
    if (here.size < photos.length || photos.length > limit) wrongs.push('has a photo twice, or too many')
    if (cut.side === 'around' && !here.has(cut.photo.id))
      wrongs.push(`lacks ${cut.photo.id}, which it is around`)
    if (photos.length < limit && !isAtEnd(page)) wrongs.push('is short, and there is more')
    for (const [index, photo] of photos.entries()) {
      const before = photos[index - 1]
      if (before && !isNewer(before, photo)) wrongs.push(`has ${before.id} before ${photo.id}`)
      if (!isBeyond(photo, cut)) wrongs.push(`has ${photo.id}, from the other side`)
      if (isShown(this.#entry(photo.id)) === false) wrongs.push(`has ${photo.id}, which was gone`)
      if (isOf(photo) === false) wrongs.push(`has ${photo.id} of ${photo.owner}, who was not followed`)
    }
    for (const [id, entry] of this.#entries) {
      const { seen } = entry
      if (seen && !here.has(id) && isWithin(seen, page) && isShown(entry) && isOf(seen))
        wrongs.push(`lacks ${id} of ${seen.owner}, which was there`)
    }
    return wrongs
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id) ?? { seen: null, isShown: new Fact(null) }
    this.#entries.set(id, entry)
    return entry
  }
}

function isNewer(one: Seen, other: Seen): boolean {
  const ms = Date.parse(one.createdAt) - Date.parse(other.createdAt)
  return ms > 0 || (ms === 0 && BigInt(one.id) > BigInt(other.id))
}

/** Whether nothing is left on the side that was asked for; of both sides, on one. */
function isAtEnd({ cut: { side }, hasNewer, hasOlder }: Page): boolean {
  if (side === 'around') return !hasNewer || !hasOlder
  return side === 'after' ? !hasNewer : !hasOlder
}

function isBeyond(photo: Seen, cut: Cut): boolean {
  if (cut.side === 'before') return isNewer(cut.photo, photo)
  return cut.side === 'after' ? isNewer(photo, cut.photo) : true
}

/** Whether the page has no room between its photos, or between its ends and where it was cut, where this one may be left out. */
function isWithin(photo: Seen, { cut, photos, hasNewer, hasOlder }: Page): boolean {
  const newest = cut.side === 'before' ? cut.photo : hasNewer ? photos[0] : null
  const oldest = cut.side === 'after' ? cut.photo : hasOlder ? photos.at(-1) : null
  return (!newest || isNewer(newest, photo)) && (!oldest || isNewer(photo, oldest))
}
