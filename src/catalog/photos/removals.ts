import type { Place } from '../../photo/object-keys.ts'
import type { Original } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { tellAgain } from '../changes/tell-again.ts'
import { OF_SHARDS_HERE, type ShardMap } from '../shards/shard-map.ts'
import { isBefore, SECRET } from './photo-row.ts'

/** A removed photo whose objects are there yet; no format says that no original is ours. Viewers may have seen it when it ever had renditions. */
export type Removed = { id: PhotoId; format: Original['format'] | null; hadRenditions: boolean }

/** How a removed photo goes: from sight at once, its objects next, then the CDN's copies, its row last. */
export class Removals {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** Hides the owner's photo from everybody at once. False when there is none of that owner. */
  async remove(id: PhotoId, owner: OwnerId): Promise<boolean> {
    const rows = await this.#shards.ofPhoto(id).query(
      `update photos set deleted_at = now()
       where id = $1 and owner = $2 and deleted_at is null and photo_is_here($1) returning id`,
      [id, owner],
    )
    if (rows.length === 0) await tellAgain(this.#shards, owner)
    return rows.length > 0
  }

  /** A removed photo whose purge is still to be done; null when there is none. */
  async find(id: PhotoId): Promise<Removed | null> {
    const rows = await this.#shards.ofPhoto(id).read<Removed>(
      `select id::text, case when adopted_from is null then format end as format, renditions is not null as "hadRenditions" from photos
       where id = $1 and deleted_at is not null and purged_at is null and photo_is_here($1)`,
      [id],
    )
    return rows[0] ?? null
  }

  /** The objects of a removed photo are deleted, and copies of them may be left. Again changes nothing. */
  async markPurged(id: PhotoId): Promise<void> {
    await this.#shards.ofPhoto(id).query(
      `update photos set purged_at = now()
       where id = $1 and deleted_at is not null and purged_at is null and photo_is_here($1)`,
      [id],
    )
  }

  /**
   * Photos removed before `since` whose purge is still to be done, in id order, after `after`. Those of a database that
   * is unavailable are missing.
   */
  async unpurged(since: Date, after: PhotoId | null, limit: number): Promise<{ id: PhotoId }[]> {
    return await this.#shards.firstEverywhere<{ id: PhotoId }>(
      `select id::text from photos p
       where ${OF_SHARDS_HERE} and ${isBefore('deleted_at', '$2')} and purged_at is null
         and ($3::bigint is null or id > $3)
       order by p.id limit $4`,
      [since, after],
      limit,
    )
  }

  /**
   * Purged photos whose copies are still to be taken down, the longest purged first; not those of which a place is due
   * that they had left. Those of a database that is unavailable are missing.
   */
  async purged(limit: number): Promise<Place[]> {
    return await this.#shards.everywhere().read(
      `select p.id::text, p.visibility, ${SECRET} as secret from photos p
       where ${OF_SHARDS_HERE} and purged_at is not null and (left_due_at is null or left_due_at > now())
       order by purged_at, p.id limit $2`,
      [limit],
    )
  }

  /** Deletes the rows of removed photos, of which nothing is left anywhere. */
  async forget(ids: readonly PhotoId[]): Promise<void> {
    await this.#shards
      .ofEach(ids)
      .query(
        'delete from photos where id = any($1::bigint[]) and deleted_at is not null and photos_are_here($1)',
      )
  }
}
