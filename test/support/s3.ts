import { randomUUID } from 'node:crypto'
import { mkdtempDisposable, readdir, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { inject } from 'vitest'
import type { Environment } from '../../scripts/services/service.ts'
import type { S3Config } from '../../src/config/config.ts'
import { loadConfig, type StoreConfig } from '../../src/config/config.ts'

/** False on a machine without Ceph: then tests that need it are skipped, by a name that says so. */
export const hasS3 = inject('s3') !== null

export const NEEDS_S3 = 'needs Ceph: npm run services -- install ceph'

/** False where there is no second S3 server, of another make. */
export const hasOtherS3 = inject('otherS3') !== null

export const NEEDS_OTHER_S3 = 'needs Versity: npm run services -- install versity'

/** Where the S3 server is, for a proxy in front of it. */
export function s3Endpoint(s3: Environment | null = inject('s3')): string {
  return new URL(s3?.STORAGE_URL ?? '').searchParams.get('endpoint') ?? ''
}

/**
 * A bucket of the test's own on a real S3 server that all tests share, Ceph unless told; the store reaches it `through`
 * a proxy.
 */
export type TestBucket = AsyncDisposable & {
  config: S3Config
  url: string
  /** Another client, to see what is really there. */
  client: S3Client
}

export async function openTestBucket({
  s3 = inject('s3'),
  through = s3Endpoint(s3),
}: {
  s3?: Environment | null
  through?: string
} = {}): Promise<TestBucket> {
  if (!s3) throw new Error(`This test ${NEEDS_S3}`)
  // As operators give them: the store takes its credentials from the SDK's own chain.
  process.env.AWS_ACCESS_KEY_ID = s3.AWS_ACCESS_KEY_ID
  process.env.AWS_SECRET_ACCESS_KEY = s3.AWS_SECRET_ACCESS_KEY

  await using opened = new AsyncDisposableStack()
  const client = opened.adopt(
    new S3Client({ endpoint: s3Endpoint(s3), region: 'us-east-1', forcePathStyle: true }),
    async (used) => used.destroy(),
  )
  const bucket = `test-${randomUUID()}`
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const home = opened.use(await mkdtempDisposable(`${tmpdir()}/darkroom-s3-`))
  const url = `s3://${bucket}?endpoint=${through}`
  const config = loadConfig({ DARKROOM_HOME: home.path, STORAGE_URL: url }).store as S3Config

  const owned = opened.move()
  return {
    config,
    url,
    client,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

/** How many bodies this process keeps on disk. They have no names, but it has them open: Linux tells, where Ceph runs. */
export async function spooledFiles(config: StoreConfig): Promise<number> {
  const { spool } = config as S3Config
  const opened = await readdir('/proc/self/fd')
  const paths = await Promise.all(opened.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return paths.filter((path) => path.startsWith(spool)).length
}

/** Takes a right away from everybody, also from whom the bucket belongs to. */
export async function forbid(
  { client, config }: TestBucket,
  actions: string | string[],
  keys?: string,
): Promise<void> {
  const bucket = `arn:aws:s3:::${config.bucket}`
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Deny', Principal: '*', Action: actions, Resource: keys ? `${bucket}/${keys}` : bucket },
    ],
  }
  await client.send(new PutBucketPolicyCommand({ Bucket: config.bucket, Policy: JSON.stringify(policy) }))
}
