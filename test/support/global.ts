import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/catalog/embedded-postgres.ts'
import { migrateCatalog } from '../../src/catalog/migrate.ts'
import { migratePostgresQueue } from '../../src/queue/postgres-queue.ts'
import { temporaryHome } from './processes/temporary-home.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
  }
}

export const TEMPLATE = 'darkroom_template'

/** One real PostgreSQL for all test files, with a migrated database that each service copies for itself. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await temporaryHome()
  const postgres = await startEmbeddedPostgres({
    directory: home.postgres,
    log: pino({ level: 'warn' }),
  })
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(`create database ${TEMPLATE}`)
  await client.end()

  const template = new URL(postgres.url)
  template.pathname = TEMPLATE
  await migrateCatalog(template.href)
  await migratePostgresQueue(template.href)
  project.provide('databaseUrl', postgres.url)
  return async () => {
    await postgres[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  }
}
