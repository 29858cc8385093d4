import { DailyLimitError, type DailyLimits, type DailyUse } from '../../photo/daily-limits.ts'
import { type OwnerId, shardOfOwner } from '../../photo/shard.ts'
import { sqlStateOf } from '../../postgres/errors.ts'
import type { ShardMap } from '../shards/shard-map.ts'

/** SQLSTATE of an upload past its owner's limit: what `count_upload` in the migration raises. */
const PAST_LIMIT = 'DR002'

const MIDNIGHT = `(date_trunc('day', now() at time zone 'UTC') + interval '1 day') at time zone 'UTC'`

/** What owners upload in a day, of those who have a limit. It is counted where photos are recorded. */
export class DailyUses {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /** What the owner has used today, by the database's clock. */
  async of(owner: OwnerId): Promise<DailyUse> {
    const shard = shardOfOwner(owner)
    const rows = await this.#shards.of(shard).read<{ photos: string; bytes: string; resetsAt: Date }>(
      `select coalesce(used.photos, 0)::text as photos, coalesce(used.bytes, 0)::text as bytes, ${MIDNIGHT} as "resetsAt"
       from (select) as today left join daily_uses used
         on used.owner = $1 and used.day >= (now() at time zone 'UTC')::date
       where shard_is_here($2)`,
      [owner, shard],
    )
    const { photos, bytes, resetsAt } = rows[0] as { photos: string; bytes: string; resetsAt: Date }
    return { photos: Number(photos), bytes: Number(bytes), resetsAt }
  }

  /** Records by a statement that calls `count_upload`. Throws DailyLimitError, and then nothing was recorded. */
  async counted<Result>(owner: OwnerId, limits: DailyLimits, record: () => Promise<Result>): Promise<Result> {
    try {
      return await record()
    } catch (error) {
      if (sqlStateOf(error) !== PAST_LIMIT) throw error
      throw new DailyLimitError(await this.of(owner), limits)
    }
  }
}
