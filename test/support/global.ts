import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { ceph } from '../../scripts/services/ceph.ts'
import { type RunningService, startTemporarily } from '../../scripts/services/running-service.ts'
import { type Environment, isInstalled } from '../../scripts/services/service.ts'
import { startEmbeddedPostgres } from '../../src/catalog/embedded-postgres.ts'
import { migrateCatalog } from '../../src/catalog/migrate.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import { migratePostgresQueue } from '../../src/queue/postgres-queue.ts'
import { temporaryHome } from './processes/temporary-home.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
    /** What Darkroom's environment needs to use a real S3 server; null where none is installed. */
    s3: Environment | null
  }
}

export const TEMPLATE = 'darkroom_template'

/** One real S3 server for all test files. Where CI runs nothing may be skipped for want of it. */
async function startS3(): Promise<RunningService | null> {
  if (isInstalled(ceph)) return await startTemporarily(ceph)
  if (process.env.CI) throw new Error('Ceph is not installed: npm run services -- install ceph')
  return null
}

/** One real PostgreSQL for all test files, with a migrated database that each service copies for itself. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using opened = new AsyncDisposableStack()
  const home = opened.use(await temporaryHome())
  const s3 = opened.use(await startS3())
  project.provide('s3', s3?.env ?? null)
  const postgres = opened.use(
    await startEmbeddedPostgres({ directory: home.postgres, log: pino({ level: 'warn' }) }),
  )
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(`create database ${TEMPLATE}`)
  await client.end()

  const template = new URL(postgres.url)
  template.pathname = TEMPLATE
  await migrateCatalog(allShardsAt(template.href))
  await migratePostgresQueue(template.href)
  project.provide('databaseUrl', postgres.url)
  const owned = opened.move()
  return async () => await owned.disposeAsync()
}
