import type { Photo } from '../../photo/photo.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { type FeedWish, feedPageOf, type MarkedPage, marked, newestFirst, TOP } from '../photos/feed-page.ts'
import { PHOTO_COLUMNS, type PhotoRow, photoOfRow } from '../photos/photo-row.ts'
import { IS_SHOWN } from '../photos/photos.ts'
import type { ShardMap } from '../shards/shard-map.ts'

type FeedRow = PhotoRow & { is_newer: boolean; version: string }

/**
 * A page of the owners' photos in one statement on each database that has some of them, wherever it lies. Its `marks` are
 * those of the heads as the statement sees them.
 */
export async function readPage(
  shards: ShardMap,
  owners: readonly OwnerId[],
  { cut, newer, older }: Required<FeedWish>,
): Promise<MarkedPage> {
  // Nothing is newer than the newest page.
  const sides = cut === TOP ? [side(OLDER, older)] : [side(NEWER, newer), side(OLDER, older)]
  const rows = await shards.ofEachOwner(owners).readAtReplica<FeedRow>(
    `select ${PHOTO_COLUMNS}, is_newer, (select h.version::text from heads h where h.owner = p.owner) as version from (
       with followed as materialized (
         select owner, posted_at, photo_id from heads where owner = any(string_to_array($1, ' ')) and photo_id is not null
       )
       select * from (${sides.join(' union all ')}) sides
     ) p
     where (select shards_are_here($2))`,
    [cut.postedAt.getTime(), cut.id],
  )
  const versions = new Map(rows.map(({ owner, version }) => [owner, version]))
  const read = { newer: nearest(rows, NEWER, newer + 1), older: nearest(rows, OLDER, older + 1) }
  return marked(feedPageOf(read, { cut, newer, older }), (owner) => versions.get(owner))
}

type Side = typeof NEWER | typeof OLDER

/** Of the cut, which is $3 and $4. */
const NEWER = {
  isNewer: true,
  beyond: '>',
  upTo: '<=',
  end: 2n ** 63n - 1n,
  direction: 'asc',
} as const
const OLDER = {
  isNewer: false,
  beyond: '<=',
  upTo: '>=',
  end: 1n - 2n ** 63n,
  direction: 'desc',
} as const

/**
 * Photos on one side of the cut, those next to it first. First the one that each owner has next to it, which for an older
 * side is often the head itself; of as many owners as photos are asked for, those of whom it is the nearest. None of
 * the photos that are asked for lies beyond the last of these, so of each owner those up to there are read. When none is
 * wished for it only matters whether there is one.
 *
 * Whose photo it is is coalesced, as PostgreSQL else reckons with one photo in ten thousand of those that have the same number,
 * and sorts all of an owner's instead of reading the index in its order.
 */
function side({ isNewer, beyond, upTo, end, direction }: Side, wished: number): string {
  const limit = wished + 1
  const inOrder = (of: string) => `order by ${of}.posted_at ${direction}, ${of}.id ${direction}`
  const shown = (owner: string) => `
    from photos p where hashtext(p.owner) = hashtext(${owner}) and ${IS_SHOWN} and p.deleted_at is null and coalesce(p.owner = ${owner}, false)
      and (p.posted_at, p.id) ${beyond} ($3, $4)`
  const isBeyond = `(h.posted_at, h.photo_id) ${beyond} ($3::bigint, $4::bigint)`
  const heads = `select h.owner, h.posted_at, h.photo_id as id from followed h where ${isBeyond}`
  const lookedUp = (where: string) => `
    select h.owner, next.posted_at, next.id from followed h cross join lateral (
      select p.posted_at, p.id ${shown('h.owner')} ${inOrder('p')} limit 1) next
    where ${where}`
  const nearest = isNewer ? lookedUp(isBeyond) : `${heads} union all ${lookedUp(`not ${isBeyond}`)}`
  return `(
    with near as materialized (
      select * from (${nearest}) nearest ${wished > 0 ? inOrder('nearest') : ''} limit ${limit}
    ), last as materialized (
      select near.posted_at, near.id from near ${inOrder('near')} offset ${wished} limit 1
    )
    select p.*, ${isNewer} as is_newer from near cross join lateral (
      select p.* ${shown('near.owner')}
        and (p.posted_at, p.id) ${upTo} (
          coalesce((select posted_at from last), ${end}), coalesce((select id from last), ${end}))
      ${inOrder('p')} limit ${limit}
    ) p
    ${inOrder('p')} limit ${limit}
  )`
}

/** Of all databases' answers, newest first. */
function nearest(rows: readonly FeedRow[], { isNewer }: Side, limit: number): Photo[] {
  const side = rows
    .filter((row) => row.is_newer === isNewer)
    .map(photoOfRow)
    .toSorted(newestFirst)
  return isNewer ? side.slice(-limit) : side.slice(0, limit)
}
