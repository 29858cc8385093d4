import type { LookChange } from '../../photo/look/look.ts'
import type { Place } from '../../photo/object-keys.ts'
import type { Photo, Rendition } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { OF_SHARDS_HERE, type ShardMap } from '../shards/shard-map.ts'
import { beside, putAside } from './earlier-renditions.ts'
import {
  asideOfMade,
  asideOfShown,
  IS_THERE,
  type Made,
  madeValues,
  SHOWS_MADE,
  tellsDeveloped,
} from './made-edition.ts'
import { isBefore, liesIn, SECRET } from './photo-row.ts'
import { decodeRenditions, encodeRenditions } from './rendition-value.ts'

/** A photo that waits for its later renditions, and the edition it is shown in. */
export type WithoutLater = { id: PhotoId; edition: number }

/** An edition that nobody can see any more, and whose objects are to be deleted; `value` is what tells of them. */
export type Doomed = Place & { edition: number; renditions: Rendition[]; value: Buffer }

type DoomedRow = Place & { edition: number; renditions: Buffer; kept: Buffer }

/** What jobs made of photos, and what of it goes again. */
export class Renditions {
  readonly #shards: ShardMap
  readonly #keepSeconds: number

  /** What is not shown any more is kept for `keepSeconds`. */
  constructor(shards: ShardMap, keepSeconds: number) {
    this.#shards = shards
    this.#keepSeconds = keepSeconds
  }

  /**
   * Records what a job made of an edition before it is shown, and makes the photo ready; tells what it is then. What of
   * an edition that is not shown any more was put is to be deleted. Null when the photo was removed or left the
   * place meanwhile: then nothing is recorded and what was put is nobody's. Recording twice changes nothing.
   */
  async record(
    place: Place,
    change: LookChange,
    made: Made,
  ): Promise<Pick<Photo, 'status' | 'edition'> | null> {
    const rows = await this.#shards.ofPhoto(place.id).query<Pick<Photo, 'status' | 'edition'>>(
      `with before as (
         select id, status, edition, filter, strength, renditions, later_renditions, recipe,
           edition = $2 and (filter, strength) is not distinct from ($3::text, $4::double precision) as is_shown,
           ${tellsDeveloped('$13')}
         from photos where ${IS_THERE} for update
       ), photo as (
         update photos set
           ${SHOWS_MADE},
           -- made by the same recipes, which may ask for others later
           later_renditions = case when (photos.renditions, photos.recipe) = ($9, $10) then photos.later_renditions end
         from before where photos.id = before.id and is_shown
         returning photos.id, photos.status, photos.edition
       ), aside as (
         ${putAside(
           // Made by earlier recipes; or of an edition that is not shown.
           `${asideOfShown('is_shown and (renditions, recipe) is distinct from ($9, $10)', { as: beside('edition') })}
            union all ${asideOfMade('not is_shown')}`,
         )}
       )
       select coalesce(photo.status, before.status) as status, before.edition from before left join photo using (id)`,
      madeValues(place, change, made, this.#keepSeconds),
    )
    return rows[0] ?? null
  }

  /**
   * Records what is made of an edition after it is shown. When another is shown by now it is put aside with its own, which
   * lacks it, or to be deleted. False
   * when the photo was removed or left the place: then nothing is recorded. Recording twice changes nothing. A photo of
   * which the first renditions were made by other recipes is of no one's from then on.
   */
  async recordLater(
    { id, secret }: Place,
    { look, edition }: LookChange,
    { renditions, recipe }: Pick<Made, 'renditions' | 'recipe'>,
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `with before as (
         select id, edition = $2 as is_shown, recipe is not distinct from $7::int as is_of_recipe,
           exists (select from earlier_renditions e
             where e.photo_id = photos.id and e.edition = $2 and e.later_renditions is null and e.recipe is not distinct from $7) as is_lacking
         from photos where id = $1 and ${liesIn('$6')} and deleted_at is null and photo_is_here($1) for update
       ), photo as (
         -- @NOTE Whose statement names \`recipe\` changes its index, says PostgreSQL, which then keeps what is dead in it.
         update photos set later_renditions = $5
         from before where photos.id = before.id and is_shown and is_of_recipe
       ), mixed as (
         update photos set later_renditions = $5, recipe = null
         from before where photos.id = before.id and is_shown and not is_of_recipe
       ), aside as (
         ${putAside(
           `select id, case when is_lacking then $2 else ${beside('$2')} end, $3::text, $4::double precision, ''::bytea, $5::bytea, $7::int, now()
            from before where not is_shown`,
         )}
       )
       select id from before`,
      [
        id,
        edition,
        look?.filter ?? null,
        look?.strength ?? null,
        encodeRenditions(renditions),
        secret,
        recipe,
      ],
    )
    return rows.length > 0
  }

  /** The edition goes without, unless it has them: it is not all that its recipes ask for, so it is of none. */
  async giveUpLater(id: PhotoId, edition: number): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update photos set later_renditions = '', recipe = null
       where id = $1 and edition = $2 and later_renditions is null and photo_is_here($1)`,
      [id, edition],
    )
  }

  /**
   * Photos written before `since` that are ready and wait for their later renditions, in id order, after `after`. Those
   * of a database that is unavailable are missing.
   */
  async withoutLater(since: Date, after: PhotoId | null, limit: number): Promise<WithoutLater[]> {
    return await this.#shards.firstEverywhere(
      `select id::text, edition from photos p
       where ${OF_SHARDS_HERE} and status = 'ready' and deleted_at is null
         and later_renditions is null and ${isBefore('written_at', '$2')}
         and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after],
      limit,
    )
  }

  /** Those of the photos that are ready, the edition each is shown in, and whether that waits for AVIF. */
  async areWithoutLater(ids: readonly PhotoId[]): Promise<(WithoutLater & { isWithout: boolean })[]> {
    return await this.#shards.ofEach(ids).read(
      `select id::text, edition, later_renditions is null as "isWithout" from photos
       where id = any($1::bigint[]) and status = 'ready' and deleted_at is null and photos_are_here($1)`,
    )
  }

  /**
   * Claims editions that are due at that time: from now on they can't be shown again. Those claimed before and not
   * forgotten yet are among them. What is shown as well, or kept of another edition, is left out.
   */
  async doom(at: Date, limit: number): Promise<Doomed[]> {
    const rows = await this.#shards.everywhere().query<DoomedRow>(
      `with doomed as (
         update earlier_renditions set is_doomed = true
         where only_shards_here($1) and (photo_id, edition) in (
           select photo_id, edition from earlier_renditions
           where shard_of(photo_id) <@ $1::int4multirange and due_at < $2
           order by due_at limit $3)
         returning photo_id, edition, renditions, later_renditions
       )
       select p.id::text, p.visibility, ${SECRET} as secret, doomed.edition, doomed.renditions || coalesce(doomed.later_renditions, '') as renditions,
         coalesce(p.renditions, '') || coalesce(p.later_renditions, '') || coalesce((
           select string_agg(e.renditions || coalesce(e.later_renditions, ''), '') from earlier_renditions e
           where e.photo_id = p.id and e.due_at >= $2 and not e.is_doomed), '') as kept
       from doomed join photos p on p.id = doomed.photo_id`,
      [at, limit],
    )
    return rows.map(({ renditions, kept, ...row }) => {
      const digests = new Set(decodeRenditions(kept).map(({ digest }) => digest))
      const gone = decodeRenditions(renditions).filter(({ digest }) => !digests.has(digest))
      return { ...row, renditions: gone, value: renditions }
    })
  }

  /** Forgets a doomed edition whose objects are gone, unless more was put aside with it. */
  async forgetDoomed({ id, edition, value }: Doomed): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `delete from earlier_renditions
       where photo_id = $1 and edition = $2 and is_doomed and photo_is_here($1)
         and renditions || coalesce(later_renditions, '') = $3`,
      [id, edition, value],
    )
  }
}
