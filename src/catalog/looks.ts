import type { Look, LookChange } from '../photo/look.ts'
import type { Place } from '../photo/object-keys.ts'
import type { Change, Focus, PhotoFacts, Rendition } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import { isBefore, LIES_IN } from './photo-row.ts'
import { OF_SHARDS_HERE, type ShardMap } from './shard-map.ts'

/** What a photo is to be changed to. */
export type Wish = { look?: Look | null; focus?: Focus | null }

/** A photo whose look is being changed, and the edition it will be. */
export type Changing = { id: PhotoId; edition: number }

/** How a photo gets another look. Each change is one statement, so that readers see the old look or the new. */
export class Looks {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * The edition of the owner's photo that will have the look and the focus, or null when there is no such photo, or it
   * failed. What is left out stays as it is, or as it was asked for last.
   */
  async want(id: PhotoId, owner: OwnerId, wish: Wish): Promise<number | null> {
    const { look = null, focus = null } = wish
    const [row] = await this.#shards.ofPhoto(id).query<{ changes: number }>(
      `update photos set
         changes = changes + 1, wanted_at = now(),
         wanted_filter = case when $3 then $4 ${ELSE_KEPT('filter')} end,
         wanted_strength = case when $3 then $5 ${ELSE_KEPT('strength')} end,
         wanted_focus_x = case when $6 then $7 ${ELSE_KEPT('focus_x')} end,
         wanted_focus_y = case when $6 then $8 ${ELSE_KEPT('focus_y')} end
       where id = $1 and owner = $2 and deleted_at is null and status <> 'failed' and photo_is_here($1)
       returning changes`,
      [
        id,
        owner,
        wish.look !== undefined,
        look?.filter,
        look?.strength,
        wish.focus !== undefined,
        focus?.x,
        focus?.y,
      ],
    )
    return row?.changes ?? null
  }

  /**
   * Records the renditions of a change, and shows them instead of all others, in one statement. False, and nothing
   * is recorded, when the photo was removed or left the place, or another change was asked for meanwhile.
   */
  async show(
    { id, secret }: Place,
    { look, focus, edition }: Change,
    { facts, renditions }: { facts: PhotoFacts; renditions: readonly Rendition[] },
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `with photo as (
         update photos set
           filter = $3, strength = $4, edition = $2, ${WANTS_NOTHING}, ${NEEDS_NO_FILTER},
           width = $5, height = $6, color = $7, thumbhash = decode($8, 'base64'),
           focus_edition = case when (focus_x, focus_y) is distinct from ($11, $12) then $2 else focus_edition end,
           focus_x = $11, focus_y = $12
         where ${IS_WANTED} and ${LIES_IN('$10')} returning id
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
        secret,
        focus?.x ?? null,
        focus?.y ?? null,
      ],
    )
    return rows.length > 0
  }

  /** The renditions of that look and of the photo's focus, by edition, that can still be shown again; latest edition first. */
  async earlier(id: PhotoId, look: Look | null): Promise<{ edition: number; renditions: Rendition[] }[]> {
    return await this.#shards.ofPhoto(id).query(
      `select edition, json_agg(json_build_object('preset', preset, 'format', format, 'digest', digest,
                'width', width, 'height', height, 'bytes', bytes)) as renditions
       from renditions
       where photo_id = $1 and (filter, strength) is not distinct from ($2::text, $3::double precision)
         and not is_doomed and photo_is_here($1)
         and edition >= (select coalesce(focus_edition, 0) from photos where id = $1)
       group by edition order by edition desc`,
      [id, look?.filter ?? null, look?.strength ?? null],
    )
  }

  /**
   * Shows an earlier edition again, which has the look that is wanted. False, and nothing changes, when one of its
   * `digests` is being deleted, the photo was removed or left the place, or another change was asked for meanwhile.
   */
  async showEarlier(
    { id, secret }: Place,
    { look, edition }: LookChange,
    earlier: { edition: number; digests: readonly string[] },
    placeholder: Pick<PhotoFacts, 'color' | 'thumbhash'>,
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
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
         where ${IS_WANTED} and ${LIES_IN('$9')} and $6::text[] <@ (select array_agg(digest) from kept)
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
        earlier.edition,
        earlier.digests,
        placeholder.color,
        placeholder.thumbhash,
        secret,
      ],
    )
    return rows.length > 0
  }

  /**
   * Those of the digests that no statement will ever record any more: another change was asked for after that
   * edition, and they were not recorded before.
   */
  async abandonedDigests(id: PhotoId, edition: number, digests: readonly string[]): Promise<string[]> {
    const rows = await this.#shards.ofPhoto(id).query<{ digest: string }>(
      `select made.digest from unnest($3::text[]) as made(digest)
       where photo_is_here($1) and exists (select from photos where id = $1 and changes > $2)
         and not exists (select from renditions r where r.photo_id = $1 and r.digest = made.digest)`,
      [id, edition, digests],
    )
    return rows.map(({ digest }) => digest)
  }

  /** The photo keeps the look it has. Nothing happens when another change was asked for meanwhile. */
  async giveUp(id: PhotoId, edition: number): Promise<void> {
    await this.#shards
      .ofPhoto(id)
      .query(`update photos set ${WANTS_NOTHING} where ${IS_WANTED}`, [id, edition])
  }

  /** Photos that have waited for a change since before `since`, in id order, after `after`. */
  async changing(since: Date, after: PhotoId | null, limit: number): Promise<Changing[]> {
    return await this.#shards.firstEverywhere(
      `select id::text, changes as edition from photos p
       where ${OF_SHARDS_HERE} and ${isBefore('wanted_at', '$2')} and deleted_at is null and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after],
      limit,
    )
  }
}

/** $1 is the photo's id, $2 the edition that was asked for. */
const IS_WANTED =
  'id = $1 and changes = $2 and wanted_at is not null and deleted_at is null and photo_is_here($1)'

const WANTS_NOTHING =
  'wanted_filter = null, wanted_strength = null, wanted_focus_x = null, wanted_focus_y = null, wanted_at = null'

/** What was asked for last stays asked for. */
const ELSE_KEPT = (column: string) => `when wanted_at is null then ${column} else wanted_${column}`

/** A change made while the upload's own look was not made yet stands in for it. */
const NEEDS_NO_FILTER = `
  pending = array_remove(pending, 'filter'),
  status = case when status = 'processing' and array_remove(pending, 'filter') = '{}' then 'ready' else status end`
