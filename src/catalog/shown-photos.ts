import { LRUCache } from 'lru-cache'
import type { Photo } from '../photo/photo.ts'
import type { OwnerId } from '../photo/shard.ts'
import { newestFirst } from './feed-page.ts'
import type { Head } from './heads.ts'
import { PHOTO_COLUMNS, type PhotoRow, photoOfRow } from './photo-row.ts'
import { IS_SHOWN } from './photos.ts'
import type { ShardMap } from './shard-map.ts'

/** The newest photos that others see of an owner, newest first, as of a version of the owner's head. */
export type Shown = { version: string; photos: readonly Photo[]; isAll: boolean }

/** About 25 MB of them, in all. */
const MOST_PHOTOS = 10_000

/**
 * What others see of owners, kept in the process by version: of the same version it is always the same, so what is kept is
 * never wrong.
 */
export class ShownPhotos {
  readonly #shards: ShardMap
  readonly #kept = new LRUCache<OwnerId, Shown>({
    maxSize: MOST_PHOTOS,
    sizeCalculation: ({ photos }) => Math.max(1, photos.length),
  })

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * At least so many photos of each, or all. What has changed since the head was read is of another version; who shows nothing
   * any more is missing.
   */
  async of(heads: readonly Head[], count: number): Promise<Map<OwnerId, Shown>> {
    const found = new Map<OwnerId, Shown>()
    for (const { owner, version } of heads) {
      const kept = this.#kept.get(owner)
      if (kept?.version === version && (kept.isAll || kept.photos.length >= count)) found.set(owner, kept)
    }
    const missing = heads.filter(({ owner }) => !found.has(owner)).map(({ owner }) => owner)
    if (missing.length === 0) return found
    for (const [owner, shown] of await this.#read(missing, count)) {
      this.#kept.set(owner, shown)
      found.set(owner, shown)
    }
    return found
  }

  /** Photos and version are of one snapshot. */
  async #read(owners: readonly OwnerId[], count: number): Promise<Map<OwnerId, Shown>> {
    // Coalesced as in feed-statement.ts.
    const rows = await this.#shards.ofEachOwner(owners).read<PhotoRow & { version: string }>(
      `select ${PHOTO_COLUMNS}, version::text from (
         select p.*, h.version from heads h cross join lateral (
           select p.* from photos p
           where hashtext(p.owner) = hashtext(h.owner) and ${IS_SHOWN} and p.deleted_at is null and coalesce(p.owner = h.owner, false)
           order by p.posted_at desc, p.id desc limit $3
         ) p
         where h.owner = any(string_to_array($1, ' '))
       ) p
       where (select shards_are_here($2))`,
      [count],
    )
    const shown = Map.groupBy(rows, ({ owner }) => owner)
    return new Map(
      shown.entries().map(([owner, rows]) => {
        const photos = rows.map(photoOfRow).toSorted(newestFirst)
        return [owner, { version: rows[0]?.version ?? '', photos, isAll: photos.length < count }]
      }),
    )
  }
}
