import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import Postgrator from 'postgrator'
import type { ShardRange } from '../../config/shard-ranges.ts'
import { SetupError } from '../../errors.ts'
import { databaseName, withPostgres } from '../../postgres/connections.ts'
import { ShardMap } from '../shards/shard-map.ts'
import { MIGRATIONS, MIGRATIONS_TABLE } from './check-tables.ts'
import { giveShards } from './give-shards.ts'
import { shareInstallation } from './installation.ts'
import { runMigration } from './run-migration.ts'

/** Any number will do, as long as every Darkroom uses the same. */
const MIGRATION_LOCK = 7_266_766
const TURN_POLL_MS = 200
const PATIENCE_MS = 300_000

/**
 * Brings the catalog's tables up to date in every database, and gives shards that none has yet to that of their
 * range; running it again changes nothing. Returns the files that were applied.
 */
export async function migrateCatalog(ranges: readonly ShardRange[]): Promise<string[]> {
  const urls = new Set(ranges.map(({ url }) => url))
  const applied = await Promise.all([...urls].map(async (url) => await migrateDatabase(url)))
  await using map = new ShardMap(ranges, { connections: 1 })
  await shareInstallation([...urls].map((url) => map.databaseAt(url)))
  await giveShards(map, ranges)
  return [...new Set(applied.flat())]
}

/**
 * Brings the tables of one database up to date, migration by migration, while servers use them. Several processes may
 * start it at once: one works, the others wait. Killed half-way, it is run again. Returns the files that were applied.
 * Throws SetupError when the tables are those of a later Darkroom, of one whose migrations were others, or of another
 * program, or when somebody held one of them for `patienceMs`.
 */
export async function migrateDatabase(
  url: string,
  { directory = MIGRATIONS, patienceMs = PATIENCE_MS } = {},
): Promise<string[]> {
  return await withPostgres(url, async (turn) => {
    await waitForTurn(turn)
    return await withPostgres(url, async (client) => await migrate(client, url, directory, patienceMs))
  })
}

/**
 * The turn ends with the connection.
 *
 * @NOTE `create index concurrently` waits for the end of each transaction in which somebody has a snapshot at that
 * moment: a statement that runs, and one with parameters until the next. So nobody waits inside a statement, and who asks
 * in vain ends the transaction: whoever has the turn may be waiting for it.
 */
async function waitForTurn(client: pg.Client): Promise<void> {
  const isOurs = async () => {
    await client.query('begin; set local idle_in_transaction_session_timeout = 0')
    const { rows } = await client.query(`select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as ours`)
    return rows[0].ours as boolean
  }
  while (!(await isOurs())) {
    await client.query('rollback')
    await sleep(TURN_POLL_MS)
  }
}

async function migrate(
  client: pg.Client,
  url: string,
  directory: string,
  patienceMs: number,
): Promise<string[]> {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: join(literalGlob(directory), '*.sql'),
    schemaTable: MIGRATIONS_TABLE,
    // Those that were applied are compared once, before the first, and not before each.
    validateChecksums: false,
    execQuery: (statement) => client.query(statement),
  })
  const known = (await postgrator.getMigrations()).toSorted((a, b) => a.version - b.version)
  const version = await postgrator.getDatabaseVersion()
  await refuseOthers(postgrator, version, known.at(-1)?.version ?? 0, databaseName(url))

  const pending = known.filter((migration) => migration.version > version)
  for (const migration of pending) await runMigration(client, postgrator, migration, patienceMs)
  return pending.map(({ filename }) => filename.replace(/^.*[\\/]/, ''))
}

async function refuseOthers(
  postgrator: Postgrator,
  version: number,
  newest: number,
  name: string,
): Promise<void> {
  if (version > newest) {
    throw new SetupError(
      `The database ${name} has the tables of a later Darkroom: migration ${version}, where this one knows ${newest}. Start that one.`,
    )
  }
  await postgrator.validateMigrations(version).catch((cause: Error) => {
    if (!/checksum/.test(cause.message)) throw cause
    throw new SetupError(
      `The database ${name} has the tables of another Darkroom, whose migrations were others. Give this one a database of its own.`,
      { cause },
    )
  })
}

/** A path in which no character is a wildcard: a checkout may lie in a folder called `[old]`. */
function literalGlob(path: string): string {
  return path.replace(/[[\]{}()*?!+@]/g, '[$&]')
}
