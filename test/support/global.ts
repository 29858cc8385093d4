import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { ceph } from '../../scripts/services/ceph.ts'
import { type RunningService, startTemporarily } from '../../scripts/services/running-service.ts'
import { type Environment, isInstalled, type Service } from '../../scripts/services/service.ts'
import { versity } from '../../scripts/services/versity.ts'
import { migrateCatalog } from '../../src/catalog/migrate.ts'
import { forgetLibpqVariables } from '../../src/config/environment.ts'
import { allShardsAt } from '../../src/config/shard-ranges.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.ts'
import { migratePostgresQueue } from '../../src/queue/postgres-set-up.ts'
import { temporaryHome } from './processes/temporary-home.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
    /** What Darkroom's environment needs to use a real S3 server; null where none is installed. */
    s3: Environment | null
    /** The same, for a server of another make. */
    otherS3: Environment | null
  }
}

export const TEMPLATE = 'darkroom_template'

/** A real S3 server for all test files. Where CI runs nothing may be skipped for want of it. */
async function startS3(service: Service): Promise<RunningService | null> {
  if (isInstalled(service)) return await startTemporarily(service)
  if (process.env.CI)
    throw new Error(`${service.name} is not installed: npm run services -- install ${service.name}`)
  return null
}

/** The server that `S3_TEST_URL` names, in the form of STORAGE_URL, is used in the place of Ceph. */
async function openS3(): Promise<RunningService | null> {
  const { S3_TEST_URL, AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env
  if (!S3_TEST_URL) return await startS3(ceph)
  const env = { STORAGE_URL: S3_TEST_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }
  return { env, [Symbol.asyncDispose]: async () => {} }
}

/** One real PostgreSQL for all test files, with a migrated database that each service copies for itself. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  forgetLibpqVariables()
  await using opened = new AsyncDisposableStack()
  const home = opened.use(await temporaryHome())
  const [s3, otherS3] = [opened.use(await openS3()), opened.use(await startS3(versity))]
  project.provide('s3', s3?.env ?? null)
  project.provide('otherS3', otherS3?.env ?? null)
  const postgres = opened.use(
    await startEmbeddedPostgres({ directory: home.postgres, log: pino({ level: 'warn' }) }),
  )
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  // Tests kill processes and never the machine, which is all that fsync is for. Databases come and go ten times as fast.
  await client.query('alter system set fsync = off')
  await client.query('select pg_reload_conf()')
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
