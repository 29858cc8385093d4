import { type DailyLimits, NO_DAILY_LIMITS } from '../../photo/daily-limits.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import type { DailyUses } from './daily-uses.ts'
import { countedBy, NEW_COLUMNS, NEW_PARAMETERS, type NewPhoto, valuesOf } from './photos.ts'

/** For so long an id may be used that was reserved; then it is let go, within the hour. */
export const ID_HOURS = 24

/** What an owner has said of a photo that they put into the store themself. */
export type DirectUpload = Pick<NewPhoto, 'visibility' | 'alt' | 'focus' | 'look'> & {
  bytes: number
  /** In hex. */
  sha256: string | null
}

/** Ids that owners may give to photos of theirs, each once. */
export class ReservedIds {
  readonly #shards: ShardMap
  readonly #dailyUses: DailyUses

  constructor(shards: ShardMap, dailyUses: DailyUses) {
    this.#shards = shards
    this.#dailyUses = dailyUses
  }

  /** So many new ids of the owner's, in their order. */
  async reserve(owner: OwnerId, count: number, direct: DirectUpload | null = null): Promise<PhotoId[]> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).query<{ id: PhotoId }>(
      `insert into reserved_ids as r (id, owner, direct)
       select next_photo_id($1), $2, $4 from generate_series(1, $3) returning r.id::text`,
      [shard, owner, count, direct && JSON.stringify(direct)],
    )
    return rows.map(({ id }) => id)
  }

  /** Whether the owner may use the id, be it one of a key, which no photo has yet. */
  async has(id: PhotoId, owner: OwnerId): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).read(
      `select from reserved_ids where id = $1 and owner = $2 and photo_is_here($1)
       union all
       select from idempotency_keys where photo_id = $1 and owner = $2 and is_open and photo_is_here($1)`,
      [id, owner],
    )
    return rows.length > 0
  }

  /** What was said of the photo that is to be put into the store, or null when the id is for none of these. */
  async directOf(id: PhotoId, owner: OwnerId): Promise<DirectUpload | null> {
    const rows = await this.#shards
      .ofPhoto(id)
      .read<{ direct: DirectUpload | null }>(
        'select direct from reserved_ids where id = $1 and owner = $2 and photo_is_here($1)',
        [id, owner],
      )
    return rows[0]?.direct ?? null
  }

  /**
   * Records a photo under its id, both or neither, and counts it when there are limits. False when the id is not reserved for
   * its owner, or not any more. An upload in pieces under it is over then. Throws DailyLimitError.
   */
  async use(photo: NewPhoto, limits: DailyLimits = NO_DAILY_LIMITS): Promise<boolean> {
    const { condition, values } = countedBy(limits)
    // Of two at once the second waits for the first one's row, and finds it used.
    const rows = await this.#dailyUses.counted(photo.owner, limits, () =>
      this.#shards.ofPhoto(photo.id).query(
        `with reserved as (
         delete from reserved_ids where id = $1 and owner = $2 and photo_is_here($1) returning id
       ), open as (
         update idempotency_keys set is_open = false
         where photo_id = $1 and owner = $2 and is_open and photo_is_here($1) returning photo_id
       ), over as (
         delete from uploads where id = $1 and owner = $2 and photo_is_here($1)
       )
       insert into photos (${NEW_COLUMNS}, posted_at)
       select ${NEW_PARAMETERS}, posted_at_of($1) from (select from reserved union all select from open) once
       where ${condition} returning id`,
        [...valuesOf(photo), ...values],
      ),
    )
    return rows.length > 0
  }

  /** Lets go those before `end` that nobody used, up to so many. Returns how many went. */
  async forget(end: PhotoId, limit: number): Promise<number> {
    // Coalesced, as PostgreSQL else reckons with so few rows of these shards that it may read and sort the table for them.
    const rows = await this.#shards.everywhere().query(
      `delete from reserved_ids where id = any(array(
         select r.id from reserved_ids r
         where only_shards_here($1) and coalesce(shard_of(r.id) <@ $1::int4multirange, false) and r.id < $2
         order by r.id limit $3
       )) returning id`,
      [end, limit],
    )
    return rows.length
  }
}
