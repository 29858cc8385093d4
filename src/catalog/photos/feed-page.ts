import type { Photo } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'

/** Between two photos of a feed: those up to it are older, the others newer. What was posted in the same millisecond goes by id. */
export type Cut = Pick<Photo, 'postedAt' | 'id'>

/** How many photos at most of each side of a cut, those next to it. */
export type FeedWish = { cut?: Cut; newer?: number; older?: number }

/** Newest first, and the cuts at its two ends: null where no photo is beyond. */
export type FeedPage = { photos: Photo[]; previous: Cut | null; next: Cut | null }

/**
 * A page of what others see. Its marks say of each photo which it is, and of which version of its owner's head: pages of the
 * same marks have the same photos, told of in the same words.
 */
export type MarkedPage = FeedPage & { marks: string[] }

/** Newer than every photo. */
export const TOP: Cut = { postedAt: new Date(8.64e15), id: '9223372036854775807' as PhotoId }

/** The page of what was read, newest first: of each side one photo more than is wished, if there is one. */
export function feedPageOf(
  read: { newer: readonly Photo[]; older: readonly Photo[]; hasNewer?: boolean },
  { cut, newer, older }: Required<FeedWish>,
): FeedPage {
  const isFull = read.newer.length > newer
  const hasNewer = read.hasNewer ?? isFull
  const hasOlder = read.older.length > older
  const photos = [...(isFull ? read.newer.slice(1) : read.newer), ...read.older.slice(0, older)]
  const last = photos.at(-1)
  return {
    photos,
    previous: hasNewer ? cutOf(photos[0] ?? cut) : null,
    next: hasOlder ? (last ? cutBelow(last) : cut) : null,
  }
}

export function marked(page: FeedPage, versionOf: (owner: OwnerId) => string | undefined): MarkedPage {
  return { ...page, marks: page.photos.map(({ id, owner }) => `${id} ${versionOf(owner)}`) }
}

/** In the order of feeds. */
export function newestFirst(a: Cut, b: Cut): number {
  return (
    b.postedAt.getTime() - a.postedAt.getTime() || (a.id === b.id ? 0 : BigInt(a.id) < BigInt(b.id) ? 1 : -1)
  )
}

function cutOf({ postedAt, id }: Cut): Cut {
  return { postedAt, id }
}

function cutBelow({ postedAt, id }: Photo): Cut {
  return { postedAt, id: String(BigInt(id) - 1n) as PhotoId }
}
