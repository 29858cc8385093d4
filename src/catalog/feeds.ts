import type { Photo } from '../photo/photo.ts'
import type { OwnerId } from '../photo/shard.ts'
import {
  type Cut,
  type FeedWish,
  feedPageOf,
  type MarkedPage,
  marked,
  newestFirst,
  TOP,
} from './feed-page.ts'
import { readPage } from './feed-statement.ts'
import { type Head, Heads } from './heads.ts'
import type { ShardMap } from './shard-map.ts'
import { type Shown, ShownPhotos } from './shown-photos.ts'

/** Of each owner, at first: most are on a page with one or two. */
const FEW = 4
/** Of owners who are changing all the time a page is read in one statement. */
const ATTEMPTS = 3

/**
 * Pages of what many owners show. Nothing is kept for them but each owner's head: the newest K photos of however many owners
 * can only be those of the K owners whose newest is the newest.
 */
export class Feeds {
  readonly #shards: ShardMap
  readonly #heads: Heads
  readonly #shown: ShownPhotos

  constructor(shards: ShardMap) {
    this.#shards = shards
    this.#heads = new Heads(shards)
    this.#shown = new ShownPhotos(shards)
  }

  /**
   * A page of the owners' photos that are public and ready, as they were at one moment since it was asked for, each owner's on
   * its own. Two statements at most on each database that has some of the owners, as long as none of them changes meanwhile.
   */
  async page(owners: readonly OwnerId[], { cut = TOP, newer = 0, older = 0 }: FeedWish): Promise<MarkedPage> {
    for (let attempt = 0; cut === TOP && attempt < ATTEMPTS; attempt++) {
      const page = await this.#newestPage(owners, older)
      if (page) return page
    }
    return await readPage(this.#shards, owners, { cut, newer, older })
  }

  /** Null when an owner's photos are of another version than their head by now. */
  async #newestPage(owners: readonly OwnerId[], older: number): Promise<MarkedPage | null> {
    const limit = older + 1
    const heads = (await this.#heads.newest(owners, limit)).toSorted(newestFirst).slice(0, limit)
    const shown = new Map<OwnerId, Shown>()
    let photos: Photo[] = []
    let wanted: readonly Head[] = heads
    let count = Math.max(FEW, Math.ceil(limit / heads.length))
    for (; wanted.length > 0; count *= 4) {
      const found = await this.#shown.of(wanted, Math.min(count, limit))
      for (const { owner, version } of wanted) {
        const of = found.get(owner)
        if (of?.version !== version) return null
        shown.set(owner, of)
      }
      photos = newestOf([...shown.values()], limit)
      const last = photos.length === limit ? photos.at(-1) : undefined
      wanted = heads.filter(({ owner }) => mayHaveMore(shown.get(owner), last))
    }
    const page = feedPageOf({ newer: [], older: photos }, { cut: TOP, newer: 0, older })
    return marked(page, (owner) => shown.get(owner)?.version)
  }
}

/** Whether photos that were not read yet may belong before the last of a page, or on one that is short. */
function mayHaveMore(shown: Shown | undefined, last: Cut | undefined): boolean {
  const end = shown?.photos.at(-1)
  if (!end || shown?.isAll) return false
  return last === undefined || newestFirst(end, last) < 0
}

/** Of lists that are newest first, the newest of all. */
function newestOf(lists: readonly Pick<Shown, 'photos'>[], limit: number): Photo[] {
  const cursors = lists.map(({ photos }) => ({ photos, at: 0 }))
  const newest: Photo[] = []
  while (newest.length < limit) {
    let next: (typeof cursors)[0] | undefined
    for (const cursor of cursors) {
      const photo = cursor.photos[cursor.at]
      const best = next?.photos[next.at]
      if (photo && (!best || newestFirst(photo, best) < 0)) next = cursor
    }
    if (!next) break
    newest.push(next.photos[next.at++] as Photo)
  }
  return newest
}
