import type { SharedCache } from '../../cache/shared-cache.ts'
import type { Photo } from '../../photo/photo.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { Changes } from '../changes/changes.ts'
import {
  type Cut,
  type FeedWish,
  feedPageOf,
  type MarkedPage,
  marked,
  newestFirst,
  TOP,
} from '../photos/feed-page.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { readPage } from './feed-statement.ts'
import type { Follows } from './follows.ts'
import { type Head, Heads } from './heads.ts'
import { type Shown, ShownPhotos } from './shown-photos.ts'

/** Of each owner, at first: most are on a page with one or two. */
const FEW = 4
/** Of one owner at most, and of so many owners. */
const MANY = 128
const MOST_OWNERS = 256
/** Of owners who are changing all the time a page is read in one statement. */
const ATTEMPTS = 3

/**
 * Pages of what many owners show. Nothing is kept for them but each owner's head: the newest K photos of however many owners
 * can only be those of the K owners whose newest is the newest. Heads and followings are remembered while changes of them are
 * told, photos by the version of their owner's head.
 */
export class Feeds {
  readonly #shards: ShardMap
  readonly #follows: Follows
  readonly #changes: Changes | null
  readonly #heads: Heads
  readonly #shown: ShownPhotos

  constructor(
    shards: ShardMap,
    { follows, changes, cache }: { follows: Follows; changes: Changes | null; cache: SharedCache | null },
  ) {
    this.#shards = shards
    this.#follows = follows
    this.#changes = changes
    this.#heads = new Heads(shards, changes)
    this.#shown = new ShownPhotos(shards, cache)
  }

  /** The same of those whom the viewer follows. */
  async of(viewer: OwnerId, wish: FeedWish): Promise<MarkedPage> {
    const isKnown = await this.#isKnown()
    const { owners } = await (isKnown ? this.#follows.remembered(viewer) : this.#follows.of(viewer))
    return await this.#page(owners, wish, isKnown)
  }

  /**
   * A page of the owners' photos that are public and ready, as they were at one moment since it was asked for, each owner's on
   * its own. What is not remembered is read by two statements at most on each database that has some of the owners, as
   * long as none of them changes meanwhile.
   */
  async page(owners: readonly OwnerId[], wish: FeedWish): Promise<MarkedPage> {
    return await this.#page(owners, wish, await this.#isKnown())
  }

  /** What part of what feeds wanted since the last call was at hand; null where nothing was wanted. */
  takeRates() {
    return {
      followings: this.#follows.takeRate(),
      heads: this.#heads.takeRate(),
      photos: this.#shown.takeRates(),
    }
  }

  async #isKnown(): Promise<boolean> {
    return (await this.#changes?.areKnown()) === true
  }

  async #page(
    owners: readonly OwnerId[],
    { cut = TOP, newer = 0, older = 0 }: FeedWish,
    isKnown: boolean,
  ): Promise<MarkedPage> {
    const isByHeads = newer === 0 && (isKnown || cut === TOP)
    for (let attempt = 0; isByHeads && attempt < ATTEMPTS; attempt++) {
      const heads = await (isKnown ? this.#heads.remembered(owners) : this.#heads.newest(owners, older + 1))
      const page = await this.#olderPage(heads, cut, older)
      if (page === 'far') break
      if (page !== 'changed') return page
    }
    return await readPage(this.#shards, owners, { cut, newer, older })
  }

  /** `far` when it would take many photos to come to the cut; `changed` when some are of another version than their head by now. */
  async #olderPage(heads: readonly Head[], cut: Cut, older: number): Promise<MarkedPage | 'far' | 'changed'> {
    const limit = older + 1
    const isBeyond = (head: Head) => newestFirst(head, cut) < 0
    const beyond = cut === TOP ? [] : heads.filter(isBeyond)
    const below = cut === TOP ? heads : heads.filter((head) => !isBeyond(head))
    const near = [...beyond, ...newestHeads(below, limit)]
    if (near.length > MOST_OWNERS) return 'far'
    const shown = new Map<OwnerId, Shown>()
    let photos: Photo[] = []
    let wanted: readonly Head[] = near
    let count = Math.max(FEW, Math.ceil(limit / near.length))
    for (; wanted.length > 0; count *= 4) {
      if (count > 4 * MANY) return 'far'
      const found = await this.#shown.of(wanted, Math.min(count, MANY))
      const changed = wanted.filter(({ owner, version }) => found.get(owner)?.version !== version)
      this.#heads.forget(changed.map(({ owner }) => owner))
      if (changed.length > 0) return 'changed'
      for (const [owner, of] of found) shown.set(owner, of)
      photos = newestOf([...shown.values()], cut, limit)
      const last = photos.length === limit ? photos.at(-1) : undefined
      wanted = near.filter(({ owner }) => mayHaveMore(shown.get(owner), last))
    }
    const page = feedPageOf(
      { newer: [], older: photos, hasNewer: beyond.length > 0 },
      { cut, newer: 0, older },
    )
    return marked(page, (owner) => shown.get(owner)?.version)
  }
}

/** There may be thousands, of which to sort all takes long. */
function newestHeads(heads: readonly Head[], limit: number): Head[] {
  const times = new Float64Array(heads.length)
  for (const [n, { postedAt }] of heads.entries()) times[n] = postedAt.getTime()
  const last = times.toSorted().at(-limit) ?? Number.NEGATIVE_INFINITY
  return heads
    .filter((_, n) => (times[n] as number) >= last)
    .toSorted(newestFirst)
    .slice(0, limit)
}

/** Whether photos that were not read yet may belong before the last of a page, or on one that is short. */
function mayHaveMore(shown: Shown | undefined, last: Cut | undefined): boolean {
  const end = shown?.photos.at(-1)
  if (!end || shown?.isAll) return false
  return last === undefined || newestFirst(end, last) < 0
}

/** Of lists that are newest first, the newest of all on the older side of the cut. */
function newestOf(lists: readonly Pick<Shown, 'photos'>[], cut: Cut, limit: number): Photo[] {
  const cursors = lists.map(({ photos }) => {
    const at = cut === TOP ? 0 : photos.findIndex((photo) => newestFirst(photo, cut) >= 0)
    return { photos, at: at < 0 ? photos.length : at }
  })
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
