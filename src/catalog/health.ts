import { setTimeout as sleep } from 'node:timers/promises'
import { EngineUnavailableError, SetupError } from '../errors.ts'
import { EPOCH_MS } from '../photo/photo-id.ts'
import { databaseName } from '../postgres/connections.ts'
import type { Database } from './database/database.ts'
import type { ShardMap } from './shards/shard-map.ts'
import { checkTables } from './tables/check-tables.ts'

/**
 * `skewMs` is how far the database's clock is ahead of ours, give or take half a round trip; `idsAheadMs` how far the
 * latest id is ahead of that clock.
 */
export type DatabaseDescription = { name: string; version: string; skewMs: number; idsAheadMs: number }

/** A database that answers that much later than the first does not answer. */
const STRAGGLER_MS = 500

/** What the databases are, and whether they take photos. */
export class Health {
  readonly #shards: ShardMap

  constructor(shards: ShardMap) {
    this.#shards = shards
  }

  /**
   * Whether all databases take photos or, as soon as one does, only some: that photos of one are unavailable is no reason to
   * refuse those of the others. Throws EngineUnavailableError when none can take photos now, and SetupError when one has
   * not the tables that it should.
   */
  async check(): Promise<'ready' | 'partial'> {
    const checks = this.#shards.databases().map(checkDatabase)
    await Promise.any(checks).catch(({ errors }: AggregateError) => {
      throw errors.find((error) => error instanceof SetupError) ?? errors[0]
    })
    const all = Promise.all(checks).then(
      () => 'ready' as const,
      (error) => {
        if (error instanceof SetupError) throw error
        return 'partial' as const
      },
    )
    return await Promise.race([all, sleep(STRAGGLER_MS, 'partial' as const, { ref: false })])
  }

  /** What each database is. Throws as `check` does, and names a database that is unavailable. */
  async describe(): Promise<DatabaseDescription[]> {
    return await Promise.all(
      this.#shards.databases().map(async (database) => {
        const name = databaseName(database.url)
        await checkTables(database).catch((error) => {
          if (!(error instanceof EngineUnavailableError)) throw error
          throw new EngineUnavailableError(`The database ${name} is unavailable.`, {
            cause: error.cause ?? error,
          })
        })
        const askedAt = Date.now()
        const [row] = await database.read<{ version: string; now: Date; last: string | null }>(
          `select current_setting('server_version') as version, clock_timestamp() as now, max(last >> 10) as last
           from shard_clocks`,
        )
        const now = row?.now.getTime() ?? 0
        const last = Number(row?.last ?? 0) + EPOCH_MS
        return {
          name,
          version: row?.version ?? '',
          skewMs: now - (askedAt + Date.now()) / 2,
          idsAheadMs: Math.max(last - now, 0),
        }
      }),
    )
  }
}

async function checkDatabase(database: Database): Promise<void> {
  await checkTables(database)
  // Reading that says nothing of a disk that is full, or of rights on other tables.
  if (database.shortage) throw database.shortage
}
