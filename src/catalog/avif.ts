import type { LookChange } from '../photo/look.ts'
import type { Rendition } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Queries } from './database.ts'
import { isBefore } from './photo-row.ts'
import { OF_SHARDS_HERE, type ShardMap } from './shard-map.ts'

// The statements by which a photo that is ready gets AVIF renditions.

/** A photo that has no AVIF renditions, and the edition it is shown in. */
export type WithoutAvif = { id: PhotoId; edition: number }

/**
 * Records renditions beside those the edition has. When another edition or look is shown meanwhile, they are retired at
 * once. False when the photo was removed: then nothing is recorded. Recording twice changes nothing.
 */
export async function recordAvif(
  database: Queries,
  id: PhotoId,
  { look, edition }: LookChange,
  renditions: readonly Rendition[],
): Promise<boolean> {
  const rows = await database.query(
    `with photo as (
       update photos set avif_edition =
         case when (edition, filter, strength) is not distinct from ($2, $3, $4) then $2 else avif_edition end
       where id = $1 and deleted_at is null and photo_is_here($1)
       returning id, avif_edition is not distinct from $2 and (filter, strength) is not distinct from ($3, $4) as is_shown
     ), made as (
       insert into renditions (photo_id, filter, strength, edition, retired_at, preset, format, digest, width, height, bytes)
       select photo.id, $3, $4, $2, case when not photo.is_shown then now() end, r.*
       from photo, jsonb_to_recordset($5)
         as r(preset text, format text, digest text, width int, height int, bytes int)
       on conflict do nothing
     )
     select id from photo`,
    [id, edition, look?.filter ?? null, look?.strength ?? null, JSON.stringify(renditions)],
  )
  return rows.length > 0
}

/** The edition goes without. */
export async function giveUpAvif(database: Queries, id: PhotoId, edition: number): Promise<void> {
  await database.query(
    'update photos set avif_edition = $2 where id = $1 and edition = $2 and photo_is_here($1)',
    [id, edition],
  )
}

/** Photos written before `since` that are ready and wait for AVIF, in id order. */
export async function photosWithoutAvif(
  shards: Pick<ShardMap, 'everywhere'>,
  since: Date,
  limit: number,
): Promise<WithoutAvif[]> {
  return await shards.everywhere(
    `select id::text, edition from photos p
     where ${OF_SHARDS_HERE} and status = 'ready' and deleted_at is null
       and avif_edition is distinct from edition and ${isBefore('written_at', '$2')}
     order by p.id limit $3`,
    [since, limit],
  )
}
