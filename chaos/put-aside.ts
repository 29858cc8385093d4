import { decodeRenditions } from '../src/catalog/photos/rendition-value.ts'
import type { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Services } from '../src/services.ts'

type Queries = Pick<ShardMap, 'everywhere'>

/** What a run put aside as it showed another edition. */
export type Aside = { id: PhotoId; edition: number; remadeAs: number }

/** A line for each photo of which one run put aside several editions. */
export async function remadeTwice(shards: Queries): Promise<string[]> {
  const rows = await shards.everywhere().read<{ id: PhotoId; run: number; editions: number[] }>(
    `select photo_id::text as id, run, array_agg(edition order by edition) as editions from earlier_renditions
     where only_shards_here($1) and shard_of(photo_id) <@ $1::int4multirange and run is not null
     group by photo_id, run having count(*) > 1`,
  )
  return rows.map(
    ({ id, run, editions }) => `run ${run} put aside photo ${id} as ${editions.join(' and as ')}`,
  )
}

/** All that a run has put aside and keeps. */
export async function asideOf(shards: Queries, run: number): Promise<Aside[]> {
  return await shards.everywhere().read<Aside>(
    `select photo_id::text as id, edition, remade_as as "remadeAs" from earlier_renditions
     where only_shards_here($1) and shard_of(photo_id) <@ $1::int4multirange and run = $2`,
    [run],
  )
}

/** A line for each edition that is kept to be shown again, and lacks an object. */
export async function lostAside(
  shards: Queries,
  { catalog, store }: Pick<Services, 'catalog' | 'store'>,
): Promise<string[]> {
  const rows = await shards.everywhere().read<{ id: PhotoId; edition: number; renditions: Buffer }>(
    `select photo_id::text as id, edition, renditions || coalesce(later_renditions, '') as renditions
     from earlier_renditions
     where only_shards_here($1) and shard_of(photo_id) <@ $1::int4multirange and not is_doomed and due_at > now()`,
  )
  const photos = await catalog.photos.findAll([...new Set(rows.map(({ id }) => id))])
  const found = new Map(photos.map((photo) => [photo.id, photo]))
  const objects = new Set(await Array.fromAsync(store.list('')))
  return rows.flatMap(({ id, edition, renditions }) => {
    const photo = found.get(id)
    // Of one that was removed all goes.
    const keys = photo ? decodeRenditions(renditions).map((each) => renditionKey(photo, each)) : []
    return [...new Set(keys)]
      .filter((key) => !objects.has(key))
      .map((key) => `photo ${id}: ${key} of edition ${edition}, which is kept, is not there`)
  })
}
