import { createHash } from 'node:crypto'
import type { Database } from '../src/catalog/database/database.ts'
import { encodeRenditions } from '../src/catalog/photos/rendition-value.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { feedPhoto } from './feed-photos.ts'

export const OWNERS = 10_000
const STEP = 50_000

/** The nth owner. Every second one posted nothing in the later half of the time. */
export const ownerOf = (n: number) => `owner-${n}` as OwnerId
export const isQuiet = (n: number) => n % 2 === 1

/**
 * Writes photos `from` to `to` of so many that the owners posted, as the service leaves them when all is made: one in ten is
 * private. Those with a higher number are younger.
 */
export async function writePhotos(database: Database, from: number, to: number, of: number): Promise<void> {
  const owners = Array.from({ length: OWNERS }, (_, n) => ownerOf(n))
  const values = Array.from({ length: 50 }, (_, n) => feedPhoto(n).renditions)
  const stage = (isLater: boolean) =>
    values.map((renditions) =>
      encodeRenditions(renditions.filter(({ format }) => (format === 'avif') === isLater)),
    )
  for (let first = from; first < to; first += STEP) {
    await database.transaction(async ({ query }) => {
      await query('set local synchronous_commit = off; set local statement_timeout = 0')
      await query(`set local darkroom.moves_shards = 'yes'`)
      await query(
        `insert into photos (id, owner, status, visibility, format, bytes, sha256, posted_at, secret, width, height, color, thumbhash,
           renditions, later_renditions, recipe)
         select id, owner, 'ready', case when n % 10 = 3 then 'private' else 'public' end, 'jpeg', 3000000, sha256(int8send(id)),
           posted_at_of(id), substring(sha256(int8send(n)) for 8), 4032, 3024, '#8a6f5b', substring(sha256(int8send(n)) for 25),
           ($4::bytea[])[1 + n % 50], ($5::bytea[])[1 + n % 50], 1
         from (
           select n, owner, (((extract(epoch from now())::bigint * 1000 - 1704067200000) - ($3 - n) * 1000) << 23)
             | (shard::bigint << 10) | (n % 1024) as id
           from generate_series($1::bigint, $2::bigint - 1) n
             cross join lateral (select hashint8(n) & 2147483647 as lot) lots
             -- in the later half the lot of an odd owner falls to the even one beside it
             join unnest($6::text[], $7::int[]) with ordinality o(owner, shard, place)
               on o.place = 1 + case when n > $3 / 2 then (lot % ${OWNERS}) & ~1 else lot % ${OWNERS} end
         ) photo`,
        [
          first,
          Math.min(to, first + STEP),
          of,
          stage(false),
          stage(true),
          owners,
          owners.map((owner) => shardOfOwner(owner)),
        ],
      )
    })
  }
  await database.query('truncate heads')
  await database.query('call add_heads()')
}

/** So many owners out of all, or of the quiet ones alone; others for another viewer. */
export function followedBy(viewer: string, count: number, { onlyQuiet = false } = {}): OwnerId[] {
  const chosen = new Set<OwnerId>()
  for (let draw = 0; chosen.size < count; draw++) {
    const n = createHash('sha256').update(`${viewer} ${draw}`).digest().readUInt32BE() % OWNERS
    if (!onlyQuiet || isQuiet(n)) chosen.add(ownerOf(n))
  }
  return [...chosen]
}
