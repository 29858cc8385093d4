import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EngineUnavailableError, SetupError } from '../../errors.ts'
import { databaseName, refusalOf } from '../../postgres/connections.ts'
import { sqlStateOf } from '../../postgres/errors.ts'
import type { Reads } from '../database/database.ts'

/** Files `NNN.do.NAME.sql`; what was applied stands in the table, a row for each. */
export const MIGRATIONS = join(import.meta.dirname, '../migrations')
export const MIGRATIONS_TABLE = 'darkroom_migrations'

/** The newest migration that this Darkroom knows. */
const NEWEST = Math.max(...readdirSync(MIGRATIONS).map((file) => Number.parseInt(file, 10)))

/** SQLSTATE of a statement about a table that is not there. */
const UNDEFINED_TABLE = '42P01'

/**
 * Throws SetupError when the tables are not there or are those of an earlier Darkroom: statements would fail, and
 * photos with them. Those of a later one pass: while
 * tables are moved up, servers of before go on, until the last step drops what only they read. Throws
 * EngineUnavailableError when the database takes no photos now, as it is a replica or set read-only.
 */
export async function checkTables(database: Reads & { url: string }): Promise<void> {
  const rows = await database
    .read<{ version: number; is_read_only: boolean; is_replica: boolean }>(
      `select coalesce(max(version), 0)::int as version, current_setting('transaction_read_only')::bool as is_read_only,
         pg_is_in_recovery() as is_replica
       from ${MIGRATIONS_TABLE}`,
    )
    .catch((error) => {
      if (sqlStateOf(error) === UNDEFINED_TABLE) return []
      throw refusalOf(error.cause, database.url) ?? error
    })
  const { version = 0, is_read_only = false, is_replica = false } = rows[0] ?? {}
  if (version < NEWEST) {
    const tables = version === 0 ? 'has no tables yet' : 'has the tables of an earlier Darkroom'
    throw new SetupError(`The database ${databaseName(database.url)} ${tables}. Run \`darkroom migrate\`.`)
  }
  if (is_replica)
    throw new EngineUnavailableError(
      `The database ${databaseName(database.url)} is a replica, which takes no photos. Name its primary, and the replica after it: postgres://primary|postgres://replica.`,
    )
  if (is_read_only) throw new EngineUnavailableError('The database is read-only.')
}
