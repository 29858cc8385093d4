import type { PhotoId } from '../../photo/photo-id.ts'
import type { OwnerId } from '../../photo/shard.ts'
import type { Changes } from '../changes/changes.ts'
import type { Cut } from '../photos/feed-page.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { Remembered } from './remembered.ts'

/** The newest photo that others see of an owner, and the version of all that they see. */
export type Head = Cut & { owner: OwnerId; version: string }

type HeadRow = { owner: OwnerId; version: string; posted_at: string; photo_id: PhotoId }

/** About 20 MB of them. */
const MOST = 100_000
/** Of who shows no photo. */
const NONE = { head: null }

/** What tells which owners are on a page, and whether what is known of them still holds. */
export class Heads {
  readonly #shards: ShardMap
  readonly #remembered = new Remembered<{ head: Head | null }>({
    most: MOST,
    read: async (owners) => {
      const heads = await this.#read(owners, null)
      const found = new Map(heads.map((head) => [head.owner, { head }]))
      return new Map(owners.map((owner) => [owner, found.get(owner) ?? NONE]))
    },
  })

  constructor(shards: ShardMap, changes: Changes | null) {
    this.#shards = shards
    changes?.remind(this.#remembered)
  }

  /** The newest heads of the owners, so many of each database at most, in no order. Who shows no photo has none. */
  async newest(owners: readonly OwnerId[], limit: number): Promise<Head[]> {
    return await this.#read(owners, limit)
  }

  /** All of them, as they are remembered: only while changes are known. */
  async remembered(owners: readonly OwnerId[]): Promise<Head[]> {
    return (await this.#remembered.of(owners)).flatMap(({ head }) => head ?? [])
  }

  /** They turned out to be of another version. */
  forget(owners: Iterable<OwnerId>): void {
    this.#remembered.forget(owners)
  }

  /** What part of the heads that were asked for since the last call was remembered; null when none were asked for. */
  takeRate(): number | null {
    return this.#remembered.takeRate()
  }

  async #read(owners: readonly OwnerId[], limit: number | null): Promise<Head[]> {
    const rows = await this.#shards.ofEachOwner(owners).readAtReplica<HeadRow>(
      `select owner, version::text, posted_at::text, photo_id::text from heads h
       where owner = any(string_to_array($1, ' ')) and photo_id is not null and (select shards_are_here($2))
       ${limit === null ? '' : 'order by h.posted_at desc, h.photo_id desc limit $3'}`,
      limit === null ? [] : [limit],
    )
    return rows.map(({ owner, version, posted_at, photo_id }) => ({
      owner,
      version,
      postedAt: new Date(Number(posted_at)),
      id: photo_id,
    }))
  }
}
