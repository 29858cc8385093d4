import { OF_SHARDS_HERE, type ShardMap } from '../src/catalog/shards/shard-map.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'

/** A photo whose AVIF is to be made again, of the edition it is shown in. */
export type Forgotten = { id: PhotoId; edition: number }

/**
 * Makes some photos as those of before there was AVIF are: they have been there for long, and have none. Not those that wait
 * for a change, whose job makes AVIF too, whatever becomes of runs.
 */
export async function forgetAvif(
  shards: Pick<ShardMap, 'everywhere'>,
  count: number,
  salt: string,
): Promise<Forgotten[]> {
  return await shards.everywhere().query<Forgotten>(
    `update photos set later_renditions = null, written_at = now() - interval '1 hour'
     where only_shards_here($1) and id in (
       select id from photos
       where ${OF_SHARDS_HERE} and status = 'ready' and deleted_at is null and wanted_at is null
       order by md5(id::text || $2) limit $3)
     returning id::text, edition`,
    [salt, count],
  )
}

/** Those of them that have none yet, and are shown in the same edition. */
export async function stillWithout(
  shards: Pick<ShardMap, 'ofEach'>,
  forgotten: readonly Forgotten[],
): Promise<PhotoId[]> {
  const editions = new Map(forgotten.map(({ id, edition }) => [id, edition]))
  const found = await shards.ofEach([...editions.keys()]).read<Forgotten>(
    `select id::text, edition from photos
     where id = any($1::bigint[]) and status = 'ready' and deleted_at is null and later_renditions is null
       and photos_are_here($1)`,
  )
  return found.filter(({ id, edition }) => editions.get(id) === edition).map(({ id }) => id)
}
