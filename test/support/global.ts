import type { TestProject } from 'vitest/node'
import { ceph } from '../../scripts/services/ceph.ts'
import { type RunningService, startTemporarily } from '../../scripts/services/running-service.ts'
import { type Environment, isInstalled, type Service } from '../../scripts/services/service.ts'
import { versity } from '../../scripts/services/versity.ts'
import { startTemplate } from './template-database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What Darkroom's environment needs to use a real S3 server; null where none is installed. */
    s3: Environment | null
    /** The same, for a server of another make. */
    otherS3: Environment | null
  }
}

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
  await using opened = new AsyncDisposableStack()
  opened.use(await startTemplate(project))
  const [s3, otherS3] = [opened.use(await openS3()), opened.use(await startS3(versity))]
  project.provide('s3', s3?.env ?? null)
  project.provide('otherS3', otherS3?.env ?? null)
  const owned = opened.move()
  return async () => await owned.disposeAsync()
}
