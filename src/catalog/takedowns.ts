import type { Original } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Queries } from './database.ts'
import { OF_SHARDS_HERE, type ShardMap } from './shard-map.ts'

// The statements by which a removed photo goes: its objects first, then the CDN's copies, its row last.

/** A removed photo whose objects are there yet. Viewers may have seen it when it ever had renditions. */
export type Removed = { id: PhotoId; format: Original['format']; hadRenditions: boolean }

/** A removed photo whose purge is still to be done; null when there is none. */
export async function findRemoved(database: Queries, id: PhotoId): Promise<Removed | null> {
  const rows = await database.query<Removed>(
    `select id::text, format, exists (select from renditions where photo_id = $1) as "hadRenditions" from photos
     where id = $1 and deleted_at is not null and purged_at is null and photo_is_here($1)`,
    [id],
  )
  return rows[0] ?? null
}

/** The objects of a removed photo are deleted, and copies of them may be left. Again changes nothing. */
export async function markPurged(database: Queries, id: PhotoId): Promise<void> {
  await database.query(
    `update photos set purged_at = now()
     where id = $1 and deleted_at is not null and purged_at is null and photo_is_here($1)`,
    [id],
  )
}

/**
 * Purged photos whose copies are still to be taken down, the longest purged first. Those of a database that is
 * unavailable are missing.
 */
export async function purgedPhotos(shards: Pick<ShardMap, 'everywhere'>, limit: number): Promise<PhotoId[]> {
  const rows = await shards.everywhere<{ id: PhotoId }>(
    `select p.id::text from photos p
     where ${OF_SHARDS_HERE} and purged_at is not null
     order by purged_at, p.id limit $2`,
    [limit],
  )
  return rows.map(({ id }) => id)
}

/** Deletes the rows of removed photos, of which nothing is left anywhere. */
export async function forgetRemoved(
  shards: Pick<ShardMap, 'ofEach'>,
  ids: readonly PhotoId[],
): Promise<void> {
  await shards.ofEach(
    ids,
    'delete from photos where id = any($1::bigint[]) and deleted_at is not null and photos_are_here($1)',
  )
}
