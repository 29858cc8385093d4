import type { Look, LookChange } from '../photo/look.ts'
import type { Failure, Focus, Original, Photo, PhotoFacts, Rendition, Visibility } from '../photo/photo.ts'
import { type PhotoId, shardOf } from '../photo/photo-id.ts'
import { type OwnerId, type Shard, shardOfOwner } from '../photo/shard.ts'
import * as avif from './avif.ts'
import type { Queries } from './database.ts'
import * as health from './database-health.ts'
import { isEmpty, readInstallation } from './installation.ts'
import * as kept from './kept-objects.ts'
import * as leases from './leases.ts'
import * as looks from './look-changes.ts'
import { isBefore, PHOTO_COLUMNS, type PhotoRow, photoOfRow } from './photo-row.ts'
import { OF_SHARDS_HERE, type ShardMap } from './shard-map.ts'
import * as takedowns from './takedowns.ts'

export type NewPhoto = {
  id: PhotoId
  owner: OwnerId
  visibility: Visibility
  original: Original
  focus: Focus | null
  look: Look | null
  /** The kinds of the jobs that make it ready. */
  pending: readonly string[]
}

/** What is left to do for a photo that is still processing. */
export type Unfinished = { id: PhotoId; pending: readonly string[] }

/** What one job of that kind made of a photo: renditions of a look, and what it found out about the picture. */
export type Made = {
  kind: string
  look: Look | null
  edition?: number
  facts: PhotoFacts
  renditions: readonly Rendition[]
}

export type Page = { limit: number; before: PhotoId | null }

/**
 * What is known of photos. Every SQL statement about them stands here; ids are text on both sides of it.
 * A statement goes to the database that has the shard of its photo or owner, and is guarded by `photo_is_here` or its
 * like, so that no answer comes from a database that the shard has left.
 *
 * @NOTE `select id::text … order by id` sorts by the text, as a name in `order by` is that of an output column first:
 * no index gives that order, and from 2027-10-11 on, when ids get a 19th digit, it is not that of the numbers. So the
 * column is named with its table.
 */
export class Catalog {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
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

  async insert(photo: NewPhoto): Promise<void> {
    const { original, focus, look } = photo
    await this.#of(photo.id).query(
      `insert into photos (id, owner, visibility, format, bytes, sha256, focus_x, focus_y, filter, strength, pending)
       values ($1, $2, $3, $4, $5, decode($6, 'hex'), $7, $8, $9, $10, $11)`,
      [
        photo.id,
        photo.owner,
        photo.visibility,
        original.format,
        original.bytes,
        original.sha256,
        focus?.x,
        focus?.y,
        look?.filter,
        look?.strength,
        photo.pending,
      ],
    )
  }

  /** The photo, whoever asks, or null when there is none or it was removed. */
  async find(id: PhotoId): Promise<Photo | null> {
    const rows = await this.#of(id).query<PhotoRow>(
      `select ${PHOTO_COLUMNS} from photos p where id = $1 and deleted_at is null and photo_is_here($1)`,
      [id],
    )
    return rows[0] ? photoOfRow(rows[0]) : null
  }

  /** The owner's photos, newest first: all of them for the owner, for others those that are public and ready. */
  async list(owner: OwnerId, viewer: OwnerId, { limit, before }: Page): Promise<Photo[]> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).query<PhotoRow>(
      `select ${PHOTO_COLUMNS} from photos p
       where shard_is_here($5) and owner = $1 and deleted_at is null and ($2::bigint is null or id < $2)
         and ($3 or (visibility = 'public' and status = 'ready'))
       order by p.id desc limit $4`,
      [owner, before, owner === viewer, limit, shard],
    )
    return rows.map(photoOfRow)
  }

  /**
   * Records what one job made, and makes the photo ready when it was the last; tells what the photo is then. Null when
   * it was removed meanwhile: then nothing is recorded and what was put is nobody's. Recording twice changes nothing.
   */
  async record(
    id: PhotoId,
    { kind, look, edition = 0, facts, renditions }: Made,
  ): Promise<Pick<Photo, 'status' | 'edition'> | null> {
    const rows = await this.#of(id).query<Pick<Photo, 'status' | 'edition'>>(
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
         where id = $1 and deleted_at is null and photo_is_here($1)
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
      ],
    )
    return rows[0] ?? null
  }

  /** A photo that can't be made ready. One that is ready already stays so. */
  async markFailed(id: PhotoId, failure: Failure): Promise<void> {
    await this.#of(id).query(
      `update photos set status = 'failed', failure_code = $2, failure_message = $3
       where id = $1 and status = 'processing' and photo_is_here($1)`,
      [id, failure.code, failure.message],
    )
  }

  /** Hides the owner's photo from everybody at once. False when there is none of that owner. */
  async remove(id: PhotoId, owner: OwnerId): Promise<boolean> {
    const rows = await this.#of(id).query(
      `update photos set deleted_at = now()
       where id = $1 and owner = $2 and deleted_at is null and photo_is_here($1) returning id`,
      [id, owner],
    )
    return rows.length > 0
  }

  /**
   * Photos that are still processing since before `since`, in id order, after `after`. Those of a database that is
   * unavailable are missing.
   */
  async unfinished(since: Date, after: PhotoId | null, limit: number): Promise<Unfinished[]> {
    const rows = await this.#shards.everywhere<Unfinished>(
      `select id::text, pending from photos p
       where ${OF_SHARDS_HERE} and status = 'processing' and deleted_at is null
         and ${isBefore('written_at', '$2')} and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after, limit],
    )
    return firstOf(rows, limit)
  }

  /**
   * Photos removed before `since` whose purge is still to be done, in id order, after `after`. Those of a database that
   * is unavailable are missing.
   */
  async removed(since: Date, after: PhotoId | null, limit: number): Promise<{ id: PhotoId }[]> {
    const rows = await this.#shards.everywhere<{ id: PhotoId }>(
      `select id::text from photos p
       where ${OF_SHARDS_HERE} and ${isBefore('deleted_at', '$2')} and purged_at is null
         and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after, limit],
    )
    return firstOf(rows, limit)
  }

  /** Those of the ids that wait for no more work: ready or failed with no other look on its way, removed or gone. */
  async settled(ids: readonly PhotoId[]): Promise<Set<PhotoId>> {
    // A subquery for each, as a join would read all photos that wait when they are many.
    const rows = await this.#shards.ofEach<{ id: PhotoId }>(
      ids,
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

  // Changes of a photo's look: catalog/look-changes.ts says what each promises.

  async wantLook(id: PhotoId, owner: OwnerId, look: Look | null): Promise<number | null> {
    return await looks.wantLook(this.#of(id), id, owner, look)
  }

  async showLook(
    id: PhotoId,
    change: LookChange,
    facts: PhotoFacts,
    renditions: readonly Rendition[],
  ): Promise<boolean> {
    return await looks.showLook(this.#of(id), id, change, facts, renditions)
  }

  async earlierRenditions(id: PhotoId, look: Look | null) {
    return await looks.earlierRenditions(this.#of(id), id, look)
  }

  async showEarlierLook(
    id: PhotoId,
    change: LookChange,
    earlier: number,
    digests: readonly string[],
    placeholder: Pick<PhotoFacts, 'color' | 'thumbhash'>,
  ): Promise<boolean> {
    return await looks.showEarlierLook(this.#of(id), id, change, earlier, digests, placeholder)
  }

  async abandonedDigests(id: PhotoId, edition: number, digests: readonly string[]): Promise<string[]> {
    return await looks.abandonedDigests(this.#of(id), id, edition, digests)
  }

  async giveUpLook(id: PhotoId, edition: number): Promise<void> {
    await looks.giveUpLook(this.#of(id), id, edition)
  }

  async changing(since: Date, after: PhotoId | null, limit: number): Promise<looks.Changing[]> {
    return firstOf(await looks.changingPhotos(this.#shards, since, after, limit), limit)
  }

  async doomRenditions(since: Date, limit: number): Promise<looks.Doomed[]> {
    return await looks.doomRenditions(this.#shards, since, limit)
  }

  async forgetRenditions(doomed: looks.Doomed): Promise<void> {
    await looks.forgetRenditions(this.#of(doomed.id), doomed)
  }

  // Renditions made after a photo is ready: catalog/avif.ts says what each promises.

  async recordAvif(id: PhotoId, of: LookChange, renditions: readonly Rendition[]): Promise<boolean> {
    return await avif.recordAvif(this.#of(id), id, of, renditions)
  }

  async giveUpAvif(id: PhotoId, edition: number): Promise<void> {
    await avif.giveUpAvif(this.#of(id), id, edition)
  }

  async withoutAvif(since: Date, limit: number): Promise<avif.WithoutAvif[]> {
    return firstOf(await avif.photosWithoutAvif(this.#shards, since, limit), limit)
  }

  // How a removed photo goes: catalog/takedowns.ts says what each promises.

  async findRemoved(id: PhotoId): Promise<takedowns.Removed | null> {
    return await takedowns.findRemoved(this.#of(id), id)
  }

  async markPurged(id: PhotoId): Promise<void> {
    await takedowns.markPurged(this.#of(id), id)
  }

  async purged(limit: number): Promise<PhotoId[]> {
    return await takedowns.purgedPhotos(this.#shards, limit)
  }

  async forget(ids: readonly PhotoId[]): Promise<void> {
    await takedowns.forgetRemoved(this.#shards, ids)
  }

  // Whose objects are whose: catalog/kept-objects.ts and catalog/installation.ts say what each promises.

  async keptOfPhotos(ids: readonly PhotoId[]): Promise<Map<PhotoId, kept.KeptPhoto>> {
    return await kept.keptOfPhotos(this.#shards, ids)
  }

  async keptOfShards(shards: readonly Shard[]): Promise<Map<PhotoId, kept.KeptPhoto>> {
    return await kept.keptOfShards(this.#shards, shards)
  }

  async installation(): Promise<string> {
    return await readInstallation(this.#shards.databases())
  }

  async isEmpty(): Promise<boolean> {
    return await isEmpty(this.#shards.databases())
  }

  // Who does what only one process shall do: catalog/leases.ts says what each promises.

  async takeLease<Progress>(
    lease: leases.Lease,
    seconds: number,
  ): Promise<{ progress: Progress | null } | null> {
    return await leases.takeLease(this.#shards.of(leases.LEASE_SHARD), lease, seconds)
  }

  async extendLease(lease: leases.Lease, seconds: number): Promise<boolean> {
    return await leases.extendLease(this.#shards.of(leases.LEASE_SHARD), lease, seconds)
  }

  async keepProgress(lease: leases.Lease, progress: unknown): Promise<boolean> {
    return await leases.keepProgress(this.#shards.of(leases.LEASE_SHARD), lease, progress)
  }

  // What the databases are: catalog/database-health.ts says what each promises.

  async check(): Promise<'ready' | 'partial'> {
    return await health.checkDatabases(this.#shards.databases())
  }

  async describe(): Promise<health.DatabaseDescription[]> {
    return await health.describeDatabases(this.#shards.databases())
  }

  #of(id: PhotoId): Queries {
    return this.#shards.of(shardOf(id))
  }
}

/** Of the answers of several databases, which are in id order each, those that one database would have given. */
function firstOf<Row extends { id: PhotoId }>(rows: readonly Row[], limit: number): Row[] {
  return rows.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)).slice(0, limit)
}
