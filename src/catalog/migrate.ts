import { join } from 'node:path'
import Postgrator from 'postgrator'
import { withPostgres } from '../postgres.ts'

/** Any number will do, as long as every Darkroom uses the same. */
const MIGRATION_LOCK = 7_266_766

/**
 * Brings the catalog's tables up to date; running it again changes nothing. Several processes may start it at
 * once: one works, the others wait. All of it is applied or nothing. Returns the files that were applied.
 */
export async function migrateCatalog(url: string): Promise<string[]> {
  return await withPostgres(url, async (client) => {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    const postgrator = new Postgrator({
      driver: 'pg',
      migrationPattern: join(literalGlob(import.meta.dirname), 'migrations', '*.sql'),
      schemaTable: 'darkroom_migrations',
      execQuery: (statement) => client.query(statement),
    })
    const applied = await postgrator.migrate()
    await client.query('commit')
    return applied.map(({ filename }) => filename.replace(/^.*[\\/]/, ''))
  })
}

/** A path in which no character is a wildcard: a checkout may lie in a folder called `[old]`. */
function literalGlob(path: string): string {
  return path.replace(/[[\]{}()*?!+@]/g, '[$&]')
}
