import { RUNS_HERE, RUNS_SHARD } from './runs/runs.ts'
import type { ShardMap } from './shards/shard-map.ts'

/** What photos have in the store; bytes of originals that are ours, and of renditions, shown or kept for a while. */
export type Stored = { photos: number; objects: number; originalBytes: number; renditionBytes: number }

/** How much is stored, as the last lap over all objects counted it: no view counts. */
export class StorageUse {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** Null before the first lap has come to its end. */
  async last(): Promise<(Stored & { countedAt: Date }) | null> {
    const [row] = await this.#shards.of(RUNS_SHARD).read<Stored & { countedAt: Date }>(
      `select photos::float8, objects::float8, original_bytes::float8 as "originalBytes",
         rendition_bytes::float8 as "renditionBytes", counted_at as "countedAt"
       from storage_use where ${RUNS_HERE}`,
    )
    return row ?? null
  }

  async record({ photos, objects, originalBytes, renditionBytes }: Stored): Promise<void> {
    await this.#shards.of(RUNS_SHARD).query(
      `insert into storage_use (photos, objects, original_bytes, rendition_bytes, counted_at)
       select $1, $2, $3, $4, now() where ${RUNS_HERE}
       on conflict (is_only) do update set photos = excluded.photos, objects = excluded.objects,
         original_bytes = excluded.original_bytes, rendition_bytes = excluded.rendition_bytes,
         counted_at = excluded.counted_at`,
      [photos, objects, originalBytes, renditionBytes],
    )
  }
}
