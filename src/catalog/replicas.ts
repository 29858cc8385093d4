import { databaseName } from '../postgres/connections.ts'
import type { ReplicaState } from './database/read-replica.ts'
import type { ShardMap } from './shards/shard-map.ts'

/** How far a replica is behind: seconds where PostgreSQL can tell, and bytes of what is to be replayed. */
export type ReplicaLag = { name: string; database: string; seconds: number | null; bytes: number }

/** Those who read behind the databases: all that stream from them, and among them those that we read from. */
export class Replicas {
  readonly #shards: Pick<ShardMap, 'databases' | 'replicas'>

  constructor(shards: Pick<ShardMap, 'databases' | 'replicas'>) {
    this.#shards = shards
  }

  /** Those that the configuration names, and whether each is read from. Asks them only the first time. Never throws. */
  async states(): Promise<ReplicaState[]> {
    return (await Promise.all(this.#shards.replicas().map((each) => each.states()))).flat()
  }

  /**
   * Every replica that streams from a database, the one that is most behind first. None where the role may not see them: it
   * wants `pg_read_all_stats`. Throws EngineUnavailableError.
   */
  async lags(): Promise<ReplicaLag[]> {
    const lags = await Promise.all(
      this.#shards.databases().map(async (database) => {
        const rows = await database.read<Omit<ReplicaLag, 'database'>>(
          `select application_name as name, extract(epoch from replay_lag)::float8 as seconds,
             pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 as bytes
           from pg_stat_replication where replay_lsn is not null and not pg_is_in_recovery()`,
        )
        return rows.map((row) => ({ ...row, database: databaseName(database.url) }))
      }),
    )
    return lags.flat().toSorted((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0) || b.bytes - a.bytes)
  }
}
