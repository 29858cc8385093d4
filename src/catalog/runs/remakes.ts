import type { Place } from '../../photo/object-keys.ts'
import type { Photo, PhotoFacts, Rendition } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { beside, putAside } from '../photos/earlier-renditions.ts'
import { liesIn, PHOTO_COLUMNS, type PhotoRow, photoOfRow } from '../photos/photo-row.ts'
import { IS_PROMISED } from '../photos/photos.ts'
import { encodeRenditions } from '../photos/rendition-value.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { RUNS_HERE, RUNS_SHARD } from './runs.ts'

/** A photo that a run makes anew, and the edition it will be. */
export type Claimed = { id: PhotoId; edition: number }

/**
 * What came of it: shown, still to be made, or neither, as its owner changed it meanwhile; or it was claimed again, and
 * nothing has come of that: a server may have done so that was held up until it had lost its part of the run.
 */
export type RemakeState = 'done' | 'due' | 'changed' | 'overtaken'

/** What a run makes of its photos. */
export type RemakeWork = {
  /** Only these presets and formats; the others stay as they are. Null for all. */
  presets: readonly string[] | null
  formats: readonly string[] | null
  /** What is not of today's recipes; or only what is not there at all; or all of it. */
  extent: 'outdated' | 'missing' | 'everything'
  /** The numbers of today's recipes, as they were when the run was started. */
  recipes: readonly number[]
  /** What is made may be so far away, in ΔE2000, from what is shown; a photo with another look, in its lights and darks. */
  maxDifference: number
  /** For how long what was shown before can be shown again. */
  keepSeconds: number
}

export type Remade = {
  facts: PhotoFacts
  /** All of the edition that belongs to each stage, whether it was made now or is kept. */
  upload: readonly Rendition[]
  later: readonly Rendition[]
  /** Those of it that were put for this edition. */
  put: readonly Rendition[]
  /** The number of the recipes that all of it was made by; null when these are several. */
  recipe: number | null
  /** How far what was put is from what is shown, in ΔE2000; null when nothing was compared. */
  difference: number | null
}

/**
 * How a photo is made anew in the look it has: as another edition, beside the one that is shown until one statement shows
 * it. Its owner is not told that it waits for anything, and a change that the owner asks for meanwhile wins.
 */
export class Remakes {
  readonly #shards: ShardMap
  readonly #keepSeconds: number

  /** What is not shown any more is kept for `keepSeconds` at least. */
  constructor(shards: ShardMap, keepSeconds: number) {
    this.#shards = shards
    this.#keepSeconds = keepSeconds
  }

  /**
   * Gives each of the photos the edition that it will be made as. Those that are removed, are processing, or wait for a
   * change of their owner's are left out. Claiming again gives another edition, and only the last one can be shown; but
   * an adopted photo of which nothing was made yet is made as what its viewers have URLs of.
   */
  async claim(ids: readonly PhotoId[]): Promise<Claimed[]> {
    return await this.#shards.ofEach(ids).query<Claimed>(
      `update photos set changes = case when ${IS_PROMISED} then changes else changes + 1 end
       where id = any($1::bigint[]) and ${MAY_BE_REMADE} and photos_are_here($1)
       returning id::text, changes as edition`,
    )
  }

  /** What a run makes of its photos; null when there is no such run any more, or it is cancelled. */
  async workOf(run: number): Promise<RemakeWork | null> {
    const [row] = await this.#shards
      .of(RUNS_SHARD)
      .read<{ work: RemakeWork }>(
        `select selection -> 'work' as work from runs where id = $1 and state <> 'cancelled' and ${RUNS_HERE}`,
        [run],
      )
    return row?.work ?? null
  }

  /** The photo, if it is still to be made as that edition. */
  async find({ id, edition }: Claimed): Promise<Photo | null> {
    const [row] = await this.#shards
      .ofPhoto(id)
      .read<PhotoRow>(
        `select ${PHOTO_COLUMNS} from photos p where id = $1 and ${IS_DUE} and photo_is_here($1)`,
        [id, edition],
      )
    return row ? photoOfRow(row) : null
  }

  /** What has come of photos that were claimed. Those that are not there any more are missing. */
  async states(ids: readonly PhotoId[]): Promise<Map<PhotoId, (edition: number) => RemakeState>> {
    const rows = await this.#shards.ofEach(ids).read<{
      id: PhotoId
      edition: number
      changes: number
      mayBeRemade: boolean
      isMade: boolean
    }>(
      `select id::text, edition, changes, ${MAY_BE_REMADE} as "mayBeRemade", renditions is not null as "isMade" from photos
       where id = any($1::bigint[]) and deleted_at is null and photos_are_here($1)`,
    )
    return new Map(
      rows.map(({ id, edition, changes, mayBeRemade, isMade }) => [
        id,
        (claimed) => {
          if (edition === claimed && isMade) return 'done'
          if (!mayBeRemade || edition > claimed) return 'changed'
          return changes === claimed ? 'due' : 'overtaken'
        },
      ]),
    )
  }

  /**
   * Shows an edition that was made instead of the one before, in one statement; a photo that had failed is ready by it.
   * What is not shown any more is kept for so long, for the run to show it again. False when the photo was removed or left
   * the place, or a change was asked for meanwhile: then what was put is to be deleted. Doing it twice changes nothing.
   */
  async show(
    { id, secret }: Place,
    edition: number,
    { facts, upload, later, put, recipe, difference }: Remade,
    { run, keepSeconds }: { run: number; keepSeconds: number },
  ): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `with before as (
         select *, ${IS_DUE} as is_due
         from photos where id = $1 and ${liesIn('$3')} and deleted_at is null and photo_is_here($1) for update
       ), photo as (
         update photos set
           edition = $2, status = 'ready', failure_code = null, failure_message = null,
           width = $4, height = $5, color = $6, thumbhash = decode($7, 'base64'),
           renditions = $8, later_renditions = $9, recipe = $10
         from before where photos.id = before.id and is_due
         returning photos.id
       ), aside as (
         ${putAside(
           `select id, edition, filter, strength, renditions, later_renditions, recipe,
              now() + $11 * interval '1 second', $12::int, $2::int, color, thumbhash, $14::real
            from before where is_due and renditions is not null
            union all
            select id, ${beside('$2::int')}, filter, strength, $13::bytea, null, null, now(), null, null, null, null, null
            from before where not is_due and edition <> $2`,
           ['run', 'remade_as', 'color', 'thumbhash', 'difference'],
         )}
       )
       select id from photo union all select id from before where edition = $2`,
      [
        id,
        edition,
        secret,
        facts.width,
        facts.height,
        facts.color,
        facts.thumbhash,
        encodeRenditions(upload),
        encodeRenditions(later),
        recipe,
        Math.max(keepSeconds, this.#keepSeconds),
        run,
        encodeRenditions(put),
        difference,
      ],
    )
    return rows.length > 0
  }
}

const MAY_BE_REMADE = `(deleted_at is null and status <> 'processing' and wanted_at is null)`

/** $2 is the edition that was claimed. */
const IS_DUE = `changes = $2 and (edition <> $2 or renditions is null) and ${MAY_BE_REMADE}`
