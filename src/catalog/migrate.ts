import { join } from 'node:path'
import Postgrator from 'postgrator'
import type { ShardRange } from '../config/shard-ranges.ts'
import { withPostgres } from '../postgres.ts'
import { MIGRATIONS, MIGRATIONS_TABLE } from './check-tables.ts'
import { giveShards } from './give-shards.ts'
import { ShardMap } from './shard-map.ts'

/** Any number will do, as long as every Darkroom uses the same. */
const MIGRATION_LOCK = 7_266_766

/**
 * Brings the catalog's tables up to date in every database, and gives shards that none has yet to that of their
 * range; running it again changes nothing. Returns the files that were applied.
 */
export async function migrateCatalog(ranges: readonly ShardRange[]): Promise<string[]> {
  const urls = new Set(ranges.map(({ url }) => url))
  const applied = await Promise.all([...urls].map(migrateDatabase))
  await using map = new ShardMap(ranges, { connections: 1 })
  await giveShards(map, ranges)
  return [...new Set(applied.flat())]
}

/**
 * Brings the tables of one database up to date. Several processes may start it at once: one works, the others
 * wait. All of it is applied or nothing. Returns the files that were applied.
 */
export async function migrateDatabase(url: string): Promise<string[]> {
  return await withPostgres(url, async (client) => {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    const postgrator = new Postgrator({
      driver: 'pg',
      migrationPattern: join(literalGlob(MIGRATIONS), '*.sql'),
      schemaTable: MIGRATIONS_TABLE,
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
