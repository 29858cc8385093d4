import type { PhotoId } from '../../photo/photo-id.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import type { Cost, KeptCost } from './costs.ts'
import { RUNS_HERE, RUNS_SHARD } from './runs.ts'

/** What workers tell of the photos that they make for runs, until the run counts it: RunParts.move. */
export class RunCosts {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** A photo that is made again, as after a kill, has cost that, too. Changes nothing when the run is gone. */
  async tell(run: number, photoId: PhotoId, cost: Cost): Promise<void> {
    await this.#shards.of(RUNS_SHARD).query(
      `insert into run_costs as c
         (run, photo_id, cpu_ms, wall_ms, puts, put_bytes, bytes_before, bytes_after, had_failed)
       select id, $2, $3, $4, $5, $6, $7, $8, $9 from runs where id = $1 and ${RUNS_HERE}
       on conflict (run, photo_id) do update set
         cpu_ms = c.cpu_ms + excluded.cpu_ms, wall_ms = c.wall_ms + excluded.wall_ms, puts = c.puts + excluded.puts,
         put_bytes = c.put_bytes + excluded.put_bytes, bytes_before = excluded.bytes_before,
         bytes_after = excluded.bytes_after, had_failed = excluded.had_failed, made_at = now()`,
      [
        run,
        photoId,
        cost.cpuMs,
        cost.wallMs,
        cost.puts,
        cost.putBytes,
        cost.bytesBefore,
        cost.bytesAfter,
        cost.hadFailed,
      ],
    )
  }

  /** Those that are kept of a run, up to so many, in the order of their ids. */
  async ofRun(run: number, limit: number): Promise<KeptCost[]> {
    return await this.#shards.of(RUNS_SHARD).read<KeptCost>(
      `select photo_id::text as "photoId", cpu_ms::float8 as "cpuMs", wall_ms::float8 as "wallMs", puts,
         put_bytes::float8 as "putBytes", bytes_before::float8 as "bytesBefore", bytes_after::float8 as "bytesAfter",
         had_failed as "hadFailed", made_at as "madeAt"
       from run_costs c where run = $1 and ${RUNS_HERE} order by c.photo_id limit $2`,
      [run, limit],
    )
  }
}
