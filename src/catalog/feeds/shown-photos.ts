import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { seal, unseal } from '../../cache/sealed.ts'
import type { SharedCache } from '../../cache/shared-cache.ts'
import type { Photo } from '../../photo/photo.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { newestFirst } from '../photos/feed-page.ts'
import { PHOTO_COLUMNS, type PhotoRow, photoOfRow } from '../photos/photo-row.ts'
import { IS_SHOWN } from '../photos/photos.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import type { Head } from './heads.ts'

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
  readonly #cache: SharedCache | null
  #counts = { asked: 0, known: 0, shared: 0 }
  readonly #kept = new LRUCache<OwnerId, Shown>({
    maxSize: MOST_PHOTOS,
    sizeCalculation: ({ photos }) => Math.max(1, photos.length),
  })

  constructor(shards: ShardMap, cache: SharedCache | null) {
    this.#shards = shards
    this.#cache = cache
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
    this.#counts.asked += heads.length
    this.#counts.known += found.size
    const keep = (all: Iterable<[OwnerId, Shown]>) => {
      for (const [owner, shown] of all) {
        this.#kept.set(owner, shown)
        found.set(owner, shown)
      }
    }
    const missing = () => heads.filter(({ owner }) => !found.has(owner))
    if (missing().length > 0) keep(await this.#readShared(missing(), count))
    if (missing().length > 0) {
      const read = await this.#read(missing(), count)
      keep(read)
      this.#share(read)
    }
    return found
  }

  /** What part of the owners asked for since the last call was known, or else in the shared cache; null when none were. */
  takeRates(): { known: number; shared: number } | null {
    const { asked, known, shared } = this.#counts
    this.#counts = { asked: 0, known: 0, shared: 0 }
    return asked === 0 ? null : { known: known / asked, shared: shared / asked }
  }

  /** Those that the shared cache has; none while it is unavailable. */
  async #readShared(heads: readonly Head[], count: number): Promise<Map<OwnerId, Shown>> {
    const found = new Map<OwnerId, Shown>()
    const values = await this.#cache?.get(heads.map(keyOf)).catch(() => null)
    for (const [n, head] of heads.entries()) {
      const text = unseal(keyOf(head), values?.[n] ?? null)
      if (text === null) continue
      const shown = JSON.parse(text, reviveTimes) as Shown
      if (shown.isAll || shown.photos.length >= count) found.set(head.owner, shown)
    }
    this.#counts.shared += found.size
    return found
  }

  /** For other servers; they read what they do not find. */
  #share(read: ReadonlyMap<OwnerId, Shown>): void {
    const values = read.entries().map(([owner, shown]): [string, Buffer] => {
      const key = keyOf({ owner, version: shown.version })
      return [key, seal(key, JSON.stringify(shown))]
    })
    this.#cache?.set(new Map(values)).catch(() => {})
  }

  /** Photos and version are of one snapshot. */
  async #read(heads: readonly Head[], count: number): Promise<Map<OwnerId, Shown>> {
    const owners = heads.map(({ owner }) => owner)
    // Coalesced as in feed-statement.ts.
    const rows = await this.#shards.ofEachOwner(owners).readAtReplica<PhotoRow & { version: string }>(
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

/** Another one when what is kept is made in another way, as by the next release. */
const FORM = hash('sha256', `${PHOTO_COLUMNS}${photoOfRow}`, 'base64url').slice(0, 8)

/** The same photos have the same key in whatever installation: versions are times, and names are digested, as keys are short. */
function keyOf({ owner, version }: Pick<Head, 'owner' | 'version'>): string {
  return `darkroom:shown:${FORM}:${hash('sha256', `${owner} ${version}`, 'base64url')}`
}

function reviveTimes(key: string, value: unknown): unknown {
  return key === 'postedAt' ? new Date(value as string) : value
}
