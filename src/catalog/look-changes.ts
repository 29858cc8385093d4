import type { Look, LookChange } from '../photo/look.ts'
import type { PhotoFacts, Rendition } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Queries } from './database.ts'
import { isBefore } from './photo-row.ts'
import { OF_SHARDS_HERE, type ShardMap } from './shard-map.ts'

// The statements by which a photo gets another look. Each is one, so that readers see the old look or the new.

/** Renditions that nobody can see any more, and whose objects are to be deleted. */
export type Doomed = { id: PhotoId; renditions: Pick<Rendition, 'preset' | 'format' | 'digest'>[] }

/** A photo whose look is being changed, and the edition it will be. */
export type Changing = { id: PhotoId; edition: number }

/** The edition of the owner's photo that will have the look, or null when there is no such photo, or it failed. */
export async function wantLook(
  database: Queries,
  id: PhotoId,
  owner: OwnerId,
  look: Look | null,
): Promise<number | null> {
  const [row] = await database.query<{ changes: number }>(
    `update photos set changes = changes + 1, wanted_filter = $3, wanted_strength = $4, wanted_at = now()
     where id = $1 and owner = $2 and deleted_at is null and status <> 'failed' and photo_is_here($1)
     returning changes`,
    [id, owner, look?.filter, look?.strength],
  )
  return row?.changes ?? null
}

/**
 * Records the renditions of a change, and shows them instead of all others, in one statement. False, and nothing
 * is recorded, when the photo was removed or another change was asked for meanwhile.
 */
export async function showLook(
  database: Queries,
  id: PhotoId,
  { look, edition }: LookChange,
  facts: PhotoFacts,
  renditions: readonly Rendition[],
): Promise<boolean> {
  const rows = await database.query(
    `with photo as (
       update photos set
         filter = $3, strength = $4, edition = $2, ${WANTS_NOTHING}, ${NEEDS_NO_FILTER},
         width = $5, height = $6, color = $7, thumbhash = decode($8, 'base64')
       where ${IS_WANTED} returning id
     ), made as (
       insert into renditions (photo_id, filter, strength, edition, preset, format, digest, width, height, bytes)
       select photo.id, $3, $4, $2, r.* from photo, jsonb_to_recordset($9)
         as r(preset text, format text, digest text, width int, height int, bytes int)
       on conflict do nothing
     ), retired as (
       update renditions r set retired_at = now() from photo
       where r.photo_id = photo.id and r.retired_at is null
         and not (r.edition = $2 and (r.filter, r.strength) is not distinct from ($3, $4))
     )
     select id from photo`,
    [
      id,
      edition,
      look?.filter ?? null,
      look?.strength ?? null,
      facts.width,
      facts.height,
      facts.color,
      facts.thumbhash,
      JSON.stringify(renditions),
    ],
  )
  return rows.length > 0
}

/**
 * Shows an earlier edition again, which has the look that is wanted. False, and nothing changes, when one of its
 * `digests` is being deleted, the photo was removed, or another change was asked for meanwhile.
 */
export async function showEarlierLook(
  database: Queries,
  id: PhotoId,
  { look, edition }: LookChange,
  earlier: number,
  digests: readonly string[],
  facts: Pick<PhotoFacts, 'color' | 'thumbhash'>,
): Promise<boolean> {
  const rows = await database.query(
    `with kept as (
       -- locked, so that what is kept here can't be doomed before this statement has ended
       select r.digest from renditions r
       where r.photo_id = $1 and r.edition = $5 and not r.is_doomed for update
     ), photo as (
       update photos set
         filter = $3, strength = $4, edition = $5, ${WANTS_NOTHING}, ${NEEDS_NO_FILTER},
         -- the first edition may have two looks, and AVIF of the other alone
         avif_edition = null,
         color = $7, thumbhash = decode($8, 'base64')
       where ${IS_WANTED} and $6::text[] <@ (select array_agg(digest) from kept)
       returning id
     ), turned as (
       update renditions r set retired_at = case
         when r.edition = $5 and (r.filter, r.strength) is not distinct from ($3, $4) then null
         else coalesce(r.retired_at, now()) end
       from photo where r.photo_id = photo.id and not r.is_doomed
     )
     select id from photo`,
    [
      id,
      edition,
      look?.filter ?? null,
      look?.strength ?? null,
      earlier,
      digests,
      facts.color,
      facts.thumbhash,
    ],
  )
  return rows.length > 0
}

/** The renditions of that look, by edition, that can still be shown again; latest edition first. */
export async function earlierRenditions(
  database: Queries,
  id: PhotoId,
  look: Look | null,
): Promise<{ edition: number; renditions: Rendition[] }[]> {
  return await database.query(
    `select edition, json_agg(json_build_object('preset', preset, 'format', format, 'digest', digest,
              'width', width, 'height', height, 'bytes', bytes)) as renditions
     from renditions
     where photo_id = $1 and (filter, strength) is not distinct from ($2::text, $3::double precision)
       and not is_doomed and photo_is_here($1)
     group by edition order by edition desc`,
    [id, look?.filter ?? null, look?.strength ?? null],
  )
}

/**
 * Those of the digests that no statement will ever record any more: another change was asked for after that
 * edition, and they were not recorded before.
 */
export async function abandonedDigests(
  database: Queries,
  id: PhotoId,
  edition: number,
  digests: readonly string[],
): Promise<string[]> {
  const rows = await database.query<{ digest: string }>(
    `select made.digest from unnest($3::text[]) as made(digest)
     where photo_is_here($1) and exists (select from photos where id = $1 and changes > $2)
       and not exists (select from renditions r where r.photo_id = $1 and r.digest = made.digest)`,
    [id, edition, digests],
  )
  return rows.map(({ digest }) => digest)
}

/** The photo keeps the look it has. Nothing happens when another change was asked for meanwhile. */
export async function giveUpLook(database: Queries, id: PhotoId, edition: number): Promise<void> {
  await database.query(`update photos set ${WANTS_NOTHING} where ${IS_WANTED}`, [id, edition])
}

/** Photos that have waited for a change since before `since`, in id order, after `after`. */
export async function changingPhotos(
  shards: Pick<ShardMap, 'everywhere'>,
  since: Date,
  after: PhotoId | null,
  limit: number,
): Promise<Changing[]> {
  return await shards.everywhere(
    `select id::text, changes as edition from photos p
     where ${OF_SHARDS_HERE} and ${isBefore('wanted_at', '$2')} and deleted_at is null and ($3::bigint is null or id > $3)
     order by p.id limit $4`,
    [since, after, limit],
  )
}

/**
 * Claims renditions that are not shown since before `since`: from now on they can't be shown again. Those claimed
 * before and not forgotten yet are among them.
 */
export async function doomRenditions(
  shards: Pick<ShardMap, 'everywhere'>,
  since: Date,
  limit: number,
): Promise<Doomed[]> {
  return await shards.everywhere(
    `with doomed as (
       update renditions set is_doomed = true
       where only_shards_here($1) and retired_at < $2 and (photo_id, preset, format, digest) in (
         select photo_id, preset, format, digest from renditions
         where shard_of(photo_id) <@ $1::int4multirange and retired_at < $2
         order by retired_at limit $3)
       returning photo_id, preset, format, digest
     )
     select photo_id::text as id,
       json_agg(json_build_object('preset', preset, 'format', format, 'digest', digest)) as renditions
     from doomed group by photo_id`,
    [since, limit],
  )
}

/** Deletes the rows of doomed renditions whose objects are gone. */
export async function forgetRenditions(database: Queries, { id, renditions }: Doomed): Promise<void> {
  await database.query(
    'delete from renditions where photo_id = $1 and photo_is_here($1) and is_doomed and digest = any($2)',
    [id, renditions.map(({ digest }) => digest)],
  )
}

/** $1 is the photo's id, $2 the edition that was asked for. */
const IS_WANTED =
  'id = $1 and changes = $2 and wanted_at is not null and deleted_at is null and photo_is_here($1)'

const WANTS_NOTHING = 'wanted_filter = null, wanted_strength = null, wanted_at = null'

/** A change made while the upload's own look was not made yet stands in for it. */
const NEEDS_NO_FILTER = `
  pending = array_remove(pending, 'filter'),
  status = case when status = 'processing' and array_remove(pending, 'filter') = '{}' then 'ready' else status end`
