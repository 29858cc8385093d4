import { type DailyLimits, isLimited, NO_DAILY_LIMITS } from '../../photo/daily-limits.ts'
import type { Look } from '../../photo/look/look.ts'
import type { Failure, Focus, Original, Photo, Timing, Visibility } from '../../photo/photo.ts'
import { type PhotoId, shardOf } from '../../photo/photo-id.ts'
import type { Secret } from '../../photo/secret.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import { TIMING } from '../events/photo-events.ts'
import { OF_SHARDS_HERE, type ShardMap } from '../shards/shard-map.ts'
import type { DailyUses } from './daily-uses.ts'
import { type FeedPage, type FeedWish, feedPageOf, TOP } from './feed-page.ts'
import { isBefore, PHOTO_COLUMNS, type PhotoRow, photoOfRow, secretOf } from './photo-row.ts'

export type NewPhoto = {
  id: PhotoId
  owner: OwnerId
  visibility: Visibility
  secret: Secret
  alt: string | null
  original: Original
  focus: Focus | null
  look: Look | null
}

/** A photo that has an id, or had it. */
export type FoundPhoto = { photo: Photo; isDeleted: boolean }

/** A photo that waits for its renditions; for one that was imported nobody waits. */
export type Unfinished = { id: PhotoId; isImported: boolean }

/** Photos as they come in, and as they are seen. */
export class Photos {
  readonly #shards: ShardMap
  readonly #dailyUses: DailyUses

  constructor(shards: ShardMap, dailyUses: DailyUses) {
    this.#shards = shards
    this.#dailyUses = dailyUses
  }

  /**
   * A new id, greater than every earlier one of the owner's shard. It need not be safe from a crash before the row
   * that takes it, whose commit makes all earlier ones safe: so this one waits for no disk.
   */
  async nextId(owner: OwnerId): Promise<PhotoId> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards
      .of(shard)
      .query<{ id: PhotoId }>(
        `select set_config('synchronous_commit', 'off', true), next_photo_id($1)::text as id`,
        [shard],
      )
    return (rows[0] as { id: PhotoId }).id
  }

  /** Records a photo, and counts it when there are limits. Throws DailyLimitError. */
  async insert(photo: NewPhoto, limits: DailyLimits = NO_DAILY_LIMITS): Promise<void> {
    const { condition, values } = countedBy(limits)
    await this.#dailyUses.counted(photo.owner, limits, () =>
      this.#shards.ofPhoto(photo.id).query(
        `insert into photos (${NEW_COLUMNS}, posted_at)
         select ${NEW_PARAMETERS}, posted_at_of($1) where ${condition}`,
        [...valuesOf(photo), ...values],
      ),
    )
  }

  /** The photo, whoever asks, or null when there is none or it was removed. */
  async find(id: PhotoId): Promise<Photo | null> {
    const rows = await this.#shards
      .ofPhoto(id)
      .read<PhotoRow>(
        `select ${PHOTO_COLUMNS} from photos p where id = $1 and deleted_at is null and photo_is_here($1)`,
        [id],
      )
    return rows[0] ? photoOfRow(rows[0]) : null
  }

  /** The same, and the timing of what it shows, while the event that told of it is kept; only to the owner of the photo. */
  async findFor(viewer: OwnerId, id: PhotoId): Promise<{ photo: Photo; timing: Timing | null } | null> {
    const [row] = await this.#shards.ofPhoto(id).read<PhotoRow & { timing: Timing | null }>(
      `select ${PHOTO_COLUMNS}, case when owner = $2 then (
           select ${TIMING} from photo_events e
           where e.photo_id = p.id and e.developed_ms is not null order by e.photo_id desc, e.id desc limit 1) end as timing
         from photos p where id = $1 and deleted_at is null and photo_is_here($1)`,
      [id, viewer],
    )
    return row ? { photo: photoOfRow(row), timing: row.timing } : null
  }

  /** The photo whoever asks, and also one that was removed, until its row is gone. */
  async findEver(id: PhotoId): Promise<FoundPhoto | null> {
    const rows = await this.#shards.ofPhoto(id).read<PhotoRow & { isDeleted: boolean }>(
      `select ${PHOTO_COLUMNS}, deleted_at is not null as "isDeleted" from photos p
         where id = $1 and photo_is_here($1)`,
      [id],
    )
    return rows[0] ? { photo: photoOfRow(rows[0]), isDeleted: rows[0].isDeleted } : null
  }

  /** Those of the photos that there are, whoever asks, in no order. */
  async findAll(ids: readonly PhotoId[]): Promise<Photo[]> {
    const rows = await this.#shards.ofEach(ids).readAtReplica<PhotoRow>(
      `select ${PHOTO_COLUMNS} from photos p
       where id = any($1::bigint[]) and deleted_at is null and photos_are_here($1)`,
    )
    return rows.map(photoOfRow)
  }

  /** A page of the owner's photos: of all of them for the owner, for others of those that are public and ready. */
  async list(
    owner: OwnerId,
    viewer: OwnerId,
    { cut = TOP, newer = 0, older = 0 }: FeedWish,
  ): Promise<FeedPage> {
    const shard = shardOfOwner(owner)
    const halves = owner === viewer ? [IS_SHOWN, `not ${IS_SHOWN}`] : [IS_SHOWN]
    const rows = await this.#shards.of(shard).readAtReplica<PhotoRow & { is_newer: boolean }>(
      `select ${PHOTO_COLUMNS}, is_newer from (
         (select *, true as is_newer from ${merged(halves, '>', 'asc')} limit $4)
         union all
         (select *, false from ${merged(halves, '<=', 'desc')} limit $5)
       ) p
       where shard_is_here($6)
       order by p.posted_at desc, p.id desc`,
      [owner, cut.postedAt.getTime(), cut.id, newer + 1, older + 1, shard],
    )
    const read = {
      newer: rows.filter((row) => row.is_newer).map(photoOfRow),
      older: rows.filter((row) => !row.is_newer).map(photoOfRow),
    }
    return feedPageOf(read, { cut, newer, older })
  }

  /** A photo that can't be made ready. One of which something is made already stays what it is. */
  async fail(id: PhotoId, failure: Failure): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update photos set status = 'failed', failure_code = $2, failure_message = $3
       where id = $1 and (status = 'processing' or ${IS_PROMISED}) and photo_is_here($1)`,
      [id, failure.code, failure.message],
    )
  }

  /** A photo that failed is processing again, from now on. Others stay what they are. */
  async retry(id: PhotoId): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update photos set status = 'processing', failure_code = null, failure_message = null, written_at = now()
       where id = $1 and status = 'failed' and deleted_at is null and photo_is_here($1)`,
      [id],
    )
  }

  /**
   * Photos that are still processing since before `since`, in id order, after `after`. Those of a database that is
   * unavailable are missing.
   */
  async unfinished(since: Date, after: PhotoId | null, limit: number): Promise<Unfinished[]> {
    return await this.#shards.firstEverywhere(
      `select id::text, imported_by is not null as "isImported" from photos p
       where ${OF_SHARDS_HERE} and status = 'processing' and deleted_at is null
         and ${isBefore('written_at', '$2')} and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after],
      limit,
    )
  }

  /** Tells anew what the owner's photo shows. False when there is none of that owner. */
  async describe(id: PhotoId, owner: OwnerId, alt: string | null): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `update photos set alt = $3
       where id = $1 and owner = $2 and deleted_at is null and photo_is_here($1) returning id`,
      [id, owner, alt],
    )
    return rows.length > 0
  }

  /** Those of the ids that wait for no more work: ready or failed with no other look on its way, removed or gone. */
  async settled(ids: readonly PhotoId[]): Promise<Set<PhotoId>> {
    // A subquery for each, as a join would read all photos that wait when they are many.
    const rows = await this.#shards.ofEach(ids).read<{ id: PhotoId }>(
      `select asked.id::text from unnest($1::bigint[]) as asked(id)
       where photos_are_here($1) and coalesce((
         select p.status <> 'processing' and p.wanted_at is null
         from photos p where p.id = asked.id and p.deleted_at is null), true)`,
    )
    return new Set(rows.map(({ id }) => id))
  }

  /** The database that has the photo, as far as is known: photos of one place are asked for in one question. */
  placeOf(id: PhotoId): unknown {
    return this.#shards.databaseOf(shardOf(id))
  }
}

/** An adopted photo that is shown, and of which nothing was made yet. */
export const IS_PROMISED = `(adopted_from is not null and status = 'ready' and renditions is null)`

/** What a photo begins with, as `valuesOf` has it. */
export const NEW_COLUMNS =
  'id, owner, visibility, format, bytes, sha256, focus_x, focus_y, filter, strength, secret, alt'
export const NEW_PARAMETERS = `$1, $2, $3, $4, $5, decode($6, 'hex'), $7, $8, $9, $10, ${secretOf('$11')}, $12`
/** By what a statement that records a photo counts it, when there are limits, which follow its own values. */
export function countedBy(limits: DailyLimits): { condition: string; values: unknown[] } {
  if (!isLimited(limits)) return { condition: 'true', values: [] }
  return { condition: 'count_upload($2, $1, $5, $13, $14)', values: [limits.photos, limits.bytes] }
}

export function valuesOf({ original, focus, look, ...photo }: NewPhoto): unknown[] {
  const { format, bytes, sha256 } = original
  const { filter, strength } = look ?? {}
  return [
    ...[photo.id, photo.owner, photo.visibility, format, bytes, sha256],
    ...[focus?.x, focus?.y, filter, strength, photo.secret, photo.alt],
  ]
}

/** What others than the owner see, as the index has it. */
export const IS_SHOWN = `(case when visibility = 'public' then status = 'ready' else false end)`

/** The halves of the owner's index on one side of the cut, from the cut on, merged as they are read. */
function merged(halves: readonly string[], side: '>' | '<=', direction: 'asc' | 'desc'): string {
  const order = `order by posted_at ${direction}, id ${direction}`
  const read = halves.map(
    (half) => `
      (select * from photos where hashtext(owner) = hashtext($1) and ${half} and deleted_at is null and owner = $1
         and (posted_at, id) ${side} ($2, $3)
       ${order})`,
  )
  return `(${read.join(' union all ')}) side ${order}`
}
