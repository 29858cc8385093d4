import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'
import { databaseName, refusalOf } from '../postgres.ts'
import type { Queries } from './database.ts'

/** Files `NNN.do.NAME.sql`; what was applied stands in the table, a row for each. */
export const MIGRATIONS = join(import.meta.dirname, 'migrations')
export const MIGRATIONS_TABLE = 'darkroom_migrations'

/** The newest migration that this Darkroom knows. */
const NEWEST = Math.max(...readdirSync(MIGRATIONS).map((file) => Number.parseInt(file, 10)))

/** SQLSTATE of a statement about a table that is not there. */
const UNDEFINED_TABLE = '42P01'

/**
 * Throws SetupError when the tables are not there or are those of an earlier Darkroom: statements would fail, and
 * photos with them. Those of a later one do: a migration takes nothing from servers that still run.
 */
export async function checkTables(database: Queries & { url: string }): Promise<void> {
  const rows = await database
    .query<{ version: number }>(`select coalesce(max(version), 0)::int as version from ${MIGRATIONS_TABLE}`)
    .catch((error) => {
      if (error.code === UNDEFINED_TABLE) return []
      throw refusalOf(error.cause, database.url) ?? error
    })
  const version = rows[0]?.version ?? 0
  if (version >= NEWEST) return
  const tables = version === 0 ? 'has no tables yet' : 'has the tables of an earlier Darkroom'
  throw new SetupError(`The database ${databaseName(database.url)} ${tables}. Run \`darkroom migrate\`.`)
}
