import type { PhotoId } from '../../photo/photo-id.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { type PhotoFailure, RUNS_HERE, RUNS_SHARD } from './runs.ts'

export type KeptFailure = PhotoFailure & { failedAt: Date }

/** What failed of runs: kept by what counts it, RunParts.move. */
export class RunFailures {
  readonly #shards: Pick<ShardMap, 'of'>

  constructor(shards: Pick<ShardMap, 'of'>) {
    this.#shards = shards
  }

  /** Up to so many failures in the order of their ids, after that of a photo, all or those of a code. */
  async page(
    run: number,
    { code, after, limit }: { code: string | null; after: PhotoId | null; limit: number },
  ): Promise<KeptFailure[]> {
    const columns = `photo_id::text as "photoId", code, message, attempts, failed_at as "failedAt"`
    const ofCode = code === null ? '$3::text is null' : 'code = $3'
    return await this.#query<KeptFailure>(
      `select ${columns} from run_failures f
       where ${RUNS_HERE} and run = $1 and ${ofCode} and photo_id > $2::bigint
       order by f.photo_id limit $4`,
      [run, after ?? '-9223372036854775808', code, limit],
    )
  }

  /** With which codes photos of the run failed, and how many with each, the most first. */
  async codes(run: number): Promise<{ code: string; count: number }[]> {
    return await this.#query<{ code: string; count: number }>(
      `select code, count from run_failure_codes where ${RUNS_HERE} and run = $1 and count > 0
       order by run_failure_codes.count desc, code limit 8`,
      [run],
    )
  }

  async #query<Row extends Record<string, unknown>>(statement: string, values: unknown[]): Promise<Row[]> {
    return await this.#shards.of(RUNS_SHARD).query<Row>(statement, values)
  }
}
