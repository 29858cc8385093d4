import type { Look, LookChange } from '../photo/look.ts'
import type { Place } from '../photo/object-keys.ts'
import type { Photo, PhotoFacts, Rendition } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import { isBefore, LIES_IN, SECRET } from './photo-row.ts'
import { OF_SHARDS_HERE, type ShardMap } from './shard-map.ts'

/** What one job of that kind made of a photo: renditions of a look, and what it found out about the picture. */
export type Made = {
  kind: string
  look: Look | null
  edition?: number
  facts: PhotoFacts
  renditions: readonly Rendition[]
}

/** A photo that has no AVIF renditions, and the edition it is shown in. */
export type WithoutAvif = { id: PhotoId; edition: number }

/** Renditions that nobody can see any more, and whose objects are to be deleted. */
export type Doomed = Place & { renditions: Pick<Rendition, 'preset' | 'format' | 'digest'>[] }

/** What jobs made of photos, and what of it goes again. */
export class Renditions {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * Records what one job made and put in that place, and makes the photo ready when it was the last; tells what the photo
   * is then. Null when it was removed or left the place meanwhile: then nothing is recorded and what was put is nobody's.
   * Recording twice changes nothing.
   */
  async record(
    { id, secret }: Place,
    { kind, look, edition = 0, facts, renditions }: Made,
  ): Promise<Pick<Photo, 'status' | 'edition'> | null> {
    const rows = await this.#shards.ofPhoto(id).query<Pick<Photo, 'status' | 'edition'>>(
      `with photo as (
         update photos set
           pending = array_remove(pending, $2),
           status = case when status = 'processing' and array_remove(pending, $2) = '{}' then 'ready' else status end,
           width = $5, height = $6,
           -- made afresh from today's recipes too
           avif_edition = null,
           -- the placeholder is of the look that viewers will see
           color = case when (filter, strength) is not distinct from ($3, $4) then $7 else color end,
           thumbhash = case when (filter, strength) is not distinct from ($3, $4) then decode($8, 'base64') else thumbhash end
         where id = $1 and ${LIES_IN('$11')} and deleted_at is null and photo_is_here($1)
         returning id, status, edition, filter, strength
       ), made as (
         insert into renditions (photo_id, filter, strength, edition, retired_at, preset, format, digest, width, height, bytes)
         -- of an edition or a look that is not shown any more: to be deleted in its time. Those without a look are kept
         select photo.id, $3, $4, $10,
           case when photo.edition <> $10
             or ($3 is not null and (photo.filter, photo.strength) is distinct from ($3, $4)) then now() end, r.*
         from photo, jsonb_to_recordset($9)
           as r(preset text, format text, digest text, width int, height int, bytes int)
         on conflict (photo_id, preset, format, digest) do update set retired_at = excluded.retired_at
           where not renditions.is_doomed
       ), replaced as (
         -- made by an earlier recipe
         update renditions old set retired_at = now()
         from photo, jsonb_to_recordset($9) as r(preset text, format text, digest text)
         where old.photo_id = photo.id and old.edition = $10 and old.retired_at is null
           and (old.filter, old.strength) is not distinct from ($3, $4)
           and (old.preset, old.format) = (r.preset, r.format) and old.digest <> r.digest
       )
       select status, edition from photo`,
      [
        id,
        kind,
        look?.filter ?? null,
        look?.strength ?? null,
        facts.width,
        facts.height,
        facts.color,
        facts.thumbhash,
        JSON.stringify(renditions),
        edition,
        secret,
      ],
    )
    return rows[0] ?? null
  }

  /**
   * Records renditions beside those the edition has. When another edition or look is shown meanwhile, they are retired at
   * once. False when the photo was removed or left the place: then nothing is recorded. Recording twice changes nothing.
   */
  async recordLater(
    { id, secret }: Place,
    { look, edition }: LookChange,
    renditions: readonly Rendition[],
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `with photo as (
         update photos set avif_edition =
           case when (edition, filter, strength) is not distinct from ($2, $3, $4) then $2 else avif_edition end
         where id = $1 and ${LIES_IN('$6')} and deleted_at is null and photo_is_here($1)
         returning id, avif_edition is not distinct from $2 and (filter, strength) is not distinct from ($3, $4) as is_shown
       ), made as (
         insert into renditions (photo_id, filter, strength, edition, retired_at, preset, format, digest, width, height, bytes)
         select photo.id, $3, $4, $2, case when not photo.is_shown then now() end, r.*
         from photo, jsonb_to_recordset($5)
           as r(preset text, format text, digest text, width int, height int, bytes int)
         on conflict do nothing
       )
       select id from photo`,
      [id, edition, look?.filter ?? null, look?.strength ?? null, JSON.stringify(renditions), secret],
    )
    return rows.length > 0
  }

  /** The edition goes without. */
  async giveUpLater(id: PhotoId, edition: number): Promise<void> {
    await this.#shards
      .ofPhoto(id)
      .query('update photos set avif_edition = $2 where id = $1 and edition = $2 and photo_is_here($1)', [
        id,
        edition,
      ])
  }

  /**
   * Photos written before `since` that are ready and wait for AVIF, in id order, after `after`. Those of a
   * database that is unavailable are missing.
   */
  async withoutLater(since: Date, after: PhotoId | null, limit: number): Promise<WithoutAvif[]> {
    return await this.#shards.firstEverywhere(
      `select id::text, edition from photos p
       where ${OF_SHARDS_HERE} and status = 'ready' and deleted_at is null
         and avif_edition is distinct from edition and ${isBefore('written_at', '$2')}
         and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after],
      limit,
    )
  }

  /** Those of the photos that are ready, the edition each is shown in, and whether that waits for AVIF. */
  async areWithoutLater(ids: readonly PhotoId[]): Promise<(WithoutAvif & { isWithout: boolean })[]> {
    return await this.#shards.ofEach(
      ids,
      `select id::text, edition, avif_edition is distinct from edition as "isWithout" from photos
       where id = any($1::bigint[]) and status = 'ready' and deleted_at is null and photos_are_here($1)`,
    )
  }

  /**
   * Claims renditions that are not shown since before `since`: from now on they can't be shown again. Those claimed
   * before and not forgotten yet are among them.
   */
  async doom(since: Date, limit: number): Promise<Doomed[]> {
    return await this.#shards.everywhere(
      `with doomed as (
         update renditions set is_doomed = true
         where only_shards_here($1) and retired_at < $2 and (photo_id, preset, format, digest) in (
           select photo_id, preset, format, digest from renditions
           where shard_of(photo_id) <@ $1::int4multirange and retired_at < $2
           order by retired_at limit $3)
         returning photo_id, preset, format, digest
       )
       select p.id::text, p.visibility, ${SECRET} as secret,
         json_agg(json_build_object('preset', preset, 'format', d.format, 'digest', digest)) as renditions
       from doomed d join photos p on p.id = d.photo_id group by p.id`,
      [since, limit],
    )
  }

  /** Deletes the rows of doomed renditions whose objects are gone. */
  async forgetDoomed({ id, renditions }: Doomed): Promise<void> {
    await this.#shards
      .ofPhoto(id)
      .query(
        'delete from renditions where photo_id = $1 and photo_is_here($1) and is_doomed and digest = any($2)',
        [id, renditions.map(({ digest }) => digest)],
      )
  }
}
