import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
  UnsupportedPostgresVersionError,
} from 'bullmq'
import type pg from 'pg'
import { EngineUnavailableError, SetupError } from '../errors.ts'
import { refusalOf, withPostgres } from '../postgres/connections.ts'
import { isRefusedByPooler } from '../postgres/errors.ts'

/**
 * Throws SetupError when the server, or its tables, can't be trusted with jobs, and EngineUnavailableError while it takes
 * none.
 */
export async function checkPostgres(pool: pg.Pool, url: string): Promise<void> {
  await refusePooler(pool, url)
  await checkTables(pool)
  await checkWrites(pool)
}

/**
 * Brings BullMQ's tables up to date, under a lock of its own. Those that are already are not written to: a database that
 * takes no writes for now is no reason not to start.
 */
export async function migratePostgresQueue(url: string): Promise<void> {
  await withPostgres(url, async (client) => {
    // What can't be told is told by who migrates.
    const version = await assertSchemaCompatibility(client).catch(() => null)
    if (version === LATEST_SCHEMA_VERSION) return
    await runMigrations(client).catch((error) => {
      throw translated(error)
    })
  })
}

/** PgBouncer and its like refuse the search path, and would lose what LISTEN asked for. */
async function refusePooler(pool: pg.Pool, url: string): Promise<void> {
  try {
    await pool.query('select 1')
  } catch (error) {
    if (!isRefusedByPooler(error)) throw refusalOf(error, url) ?? error
    throw new SetupError(
      'The queue must reach PostgreSQL directly: it listens, which a transaction pooler does not pass on. ' +
        'Set QUEUE_URL to a URL that goes past the pooler.',
      { cause: error },
    )
  }
}

async function checkTables(pool: pg.Pool): Promise<void> {
  const version = await assertSchemaCompatibility(pool).catch((error) => {
    if (!(error instanceof SchemaMigrationRequiredError)) throw translated(error)
    return 0
  })
  if (version >= LATEST_SCHEMA_VERSION) return
  const tables = version === 0 ? 'has no tables' : 'has the tables of an earlier Darkroom'
  throw new SetupError(`The database of the queue ${tables}. Run \`darkroom migrate\`.`)
}

/** Throws EngineUnavailableError while the server takes no jobs, as a standby and one that is being moved do. */
async function checkWrites(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ isReadOnly: boolean }>(
    `select current_setting('transaction_read_only')::bool as "isReadOnly"`,
  )
  if (rows[0]?.isReadOnly) throw new EngineUnavailableError('The database of the queue is read-only.')
}

/** BullMQ's words on a server that is too old for it, and on tables that are too new. */
function translated(error: unknown): unknown {
  if (error instanceof SchemaVersionMismatchError) {
    return new SetupError('The database of the queue has the tables of a later Darkroom. Start that one.', {
      cause: error,
    })
  }
  if (error instanceof UnsupportedPostgresVersionError) return new SetupError(error.message, { cause: error })
  return error
}
