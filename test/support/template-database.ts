import { realpath } from 'node:fs/promises'
import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { buryWithUs } from '../../scripts/services/daemon.ts'
import { migrateCatalog, migrateDatabase } from '../../src/catalog/tables/migrate.ts'
import { forgetLibpqVariables } from '../../src/config/environment.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.ts'
import { migratePostgresQueue } from '../../src/queue/postgres-set-up.ts'
import { temporaryHome } from './processes/temporary-home.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
  }
}

export const TEMPLATE = 'darkroom_template'
/** With all tables, and no shard yet. */
export const TABLES = 'darkroom_tables'

/** One real PostgreSQL for all test files, with migrated databases that each service copies for itself. */
export async function startTemplate(project: Pick<TestProject, 'provide'>): Promise<AsyncDisposable> {
  forgetLibpqVariables()
  await using opened = new AsyncDisposableStack()
  const home = opened.use(await temporaryHome())
  opened.use(buryWithUs(home.path))
  const postgres = opened.use(
    await startEmbeddedPostgres({ directory: home.postgres, log: pino({ level: 'warn' }) }),
  )
  opened.use(buryWithUs(await realpath(home.postgres)))
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  // Tests kill processes and never the machine, which is all that fsync is for. Databases come and go ten times as fast.
  await client.query('alter system set fsync = off')
  await client.query('select pg_reload_conf()')
  const urlOf = (name: string) => Object.assign(new URL(postgres.url), { pathname: name }).href
  await client.query(`create database ${TABLES}`)
  await migrateDatabase(urlOf(TABLES))
  await migratePostgresQueue(urlOf(TABLES))
  await client.query(`create database ${TEMPLATE} template ${TABLES}`)
  await client.end()
  await migrateCatalog(allShardsAt(urlOf(TEMPLATE)))
  project.provide('databaseUrl', postgres.url)
  return opened.move()
}
