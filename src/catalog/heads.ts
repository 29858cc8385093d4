import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Cut } from './feed-page.ts'
import type { ShardMap } from './shard-map.ts'

/** The newest photo that others see of an owner, and the version of all that they see. */
export type Head = Cut & { owner: OwnerId; version: string }

type HeadRow = { owner: OwnerId; version: string; posted_at: string; photo_id: PhotoId }

/** What tells which owners are on a page, and whether what is known of them still holds. */
export class Heads {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** The newest heads of the owners, so many of each database at most, in no order. Who shows no photo has none. */
  async newest(owners: readonly OwnerId[], limit: number): Promise<Head[]> {
    const rows = await this.#shards.ofEachOwner(owners).read<HeadRow>(
      `select owner, version::text, posted_at::text, photo_id::text from heads h
       where owner = any(string_to_array($1, ' ')) and photo_id is not null and (select shards_are_here($2))
       order by h.posted_at desc, h.photo_id desc limit $3`,
      [limit],
    )
    return rows.map(({ owner, version, posted_at, photo_id }) => ({
      owner,
      version,
      postedAt: new Date(Number(posted_at)),
      id: photo_id,
    }))
  }
}
