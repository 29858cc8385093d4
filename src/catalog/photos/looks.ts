import type { Look, LookChange } from '../../photo/look/look.ts'
import type { Place } from '../../photo/object-keys.ts'
import type { Change, Focus, PhotoFacts, Rendition } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { OF_SHARDS_HERE, type ShardMap } from '../shards/shard-map.ts'
import { putAside } from './earlier-renditions.ts'
import {
  asideOfMade,
  asideOfShown,
  type Began,
  developedMs,
  IS_READY,
  IS_THERE,
  type Made,
  madeValues,
  SHOWS_MADE,
  tellsDeveloped,
} from './made-edition.ts'
import { isBefore, liesIn } from './photo-row.ts'
import { decodeRenditions } from './rendition-value.ts'

/** What a photo is to be changed to. */
export type Wish = { look?: Look | null; focus?: Focus | null }

/** A photo whose look is being changed, and the edition it will be. */
export type Changing = { id: PhotoId; edition: number }

/** An edition that a photo had before; `renditions` are those it was ready with. */
export type Earlier = { edition: number; renditions: Rendition[] }

/** How a photo gets another look. Each change is one statement, so that readers see the old look or the new. */
export class Looks {
  readonly #shards: ShardMap
  readonly #keepSeconds: number

  /** What is not shown any more is kept for `keepSeconds`. */
  constructor(shards: ShardMap, keepSeconds: number) {
    this.#shards = shards
    this.#keepSeconds = keepSeconds
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
         wanted_filter = case when $3 then $4 ${elseKept('filter')} end,
         wanted_strength = case when $3 then $5 ${elseKept('strength')} end,
         wanted_focus_x = case when $6 then $7 ${elseKept('focus_x')} end,
         wanted_focus_y = case when $6 then $8 ${elseKept('focus_y')} end
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
   * Records the renditions of a change, and shows them instead of those before, in one statement. False when the photo
   * was removed or left the place, or another change was asked for meanwhile: then what was put is to be deleted.
   */
  async show(place: Place, change: Change, made: Made): Promise<boolean> {
    const { focus } = change
    const rows = await this.#shards.ofPhoto(place.id).query(
      `with before as (
         select *, ${IS_WANTED} as is_wanted, ${tellsDeveloped('$13')}
         from photos where ${IS_THERE} for update
       ), photo as (
         update photos set
           filter = $3, strength = $4, edition = $2, ${WANTS_NOTHING}, ${SHOWS_MADE}, later_renditions = null,
           focus_edition =
             case when (photos.focus_x, photos.focus_y) is distinct from ($14, $15) then $2 else photos.focus_edition end,
           focus_x = $14, focus_y = $15
         from before where photos.id = before.id and is_wanted
         returning photos.id
       ), aside as (
         ${putAside(
           `${asideOfShown('is_wanted')} union all ${asideOfMade('not is_wanted and edition <> $2')}`,
         )}
       )
       select id from photo`,
      [...madeValues(place, change, made, this.#keepSeconds), focus?.x ?? null, focus?.y ?? null],
    )
    return rows.length > 0
  }

  /** The editions of that look and recipe, and of the photo's focus, that can still be shown again, latest first. */
  async earlier(id: PhotoId, look: Look | null, recipe: number): Promise<Earlier[]> {
    const rows = await this.#shards.ofPhoto(id).read<{ edition: number; renditions: Buffer }>(
      `select e.edition, e.renditions
       from photos p join earlier_renditions e on e.photo_id = p.id and e.edition <> p.edition
       where p.id = $1 and (e.filter, e.strength) is not distinct from ($2::text, $3::double precision)
         and e.recipe = $4 and not e.is_doomed and e.edition >= coalesce(p.focus_edition, 0) and photo_is_here($1)
       order by e.edition desc`,
      [id, look?.filter ?? null, look?.strength ?? null, recipe],
    )
    return rows.map(({ edition, renditions }) => ({ edition, renditions: decodeRenditions(renditions) }))
  }

  /**
   * Shows an earlier edition again, which has the look that is wanted. False, and nothing changes, when it is being deleted, the photo was removed or left the place, or another change was asked for meanwhile.
   */
  async showEarlier(
    { id, secret }: Place,
    { look, edition }: LookChange,
    earlier: Pick<Earlier, 'edition'> & Began,
    placeholder: Pick<PhotoFacts, 'color' | 'thumbhash'>,
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `with before as (
         select *, true as is_wanted, ${tellsDeveloped('$10')}
         from photos where id = $1 and deleted_at is null and photo_is_here($1)
           and ${IS_WANTED} and ${liesIn('$9')} for update
       ), again as (
         delete from earlier_renditions e using before
         where e.photo_id = before.id and e.edition = $5 and e.edition <> before.edition and not e.is_doomed
         returning e.*
       ), photo as (
         update photos set
           filter = $3, strength = $4, edition = $5, ${WANTS_NOTHING}, ${IS_READY},
           color = $6, thumbhash = decode($7, 'base64'),
           renditions = again.renditions, later_renditions = again.later_renditions, recipe = again.recipe
         from again where photos.id = again.photo_id
         returning photos.id
       ), aside as (
         ${putAside(asideOfShown('is_wanted and exists (select from photo)', { keepSeconds: '$8' }))}
       )
       select id from photo`,
      [
        id,
        edition,
        look?.filter ?? null,
        look?.strength ?? null,
        earlier.edition,
        placeholder.color,
        placeholder.thumbhash,
        this.#keepSeconds,
        secret,
        developedMs(earlier.beganAt),
      ],
    )
    return rows.length > 0
  }

  /** The photo keeps the look it has. Nothing happens when another change was asked for meanwhile. */
  async giveUp(id: PhotoId, edition: number): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update photos set ${WANTS_NOTHING}
         where id = $1 and deleted_at is null and photo_is_here($1) and ${IS_WANTED}`,
      [id, edition],
    )
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

/** $2 is the edition that was asked for. */
const IS_WANTED = '(changes = $2 and wanted_at is not null)'

const WANTS_NOTHING =
  'wanted_filter = null, wanted_strength = null, wanted_focus_x = null, wanted_focus_y = null, wanted_at = null'

/** What was asked for last stays asked for. */
const elseKept = (column: string) => `when wanted_at is null then ${column} else wanted_${column}`
