import {
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, inject, test } from 'vitest'
import { type BucketFinding, inspectBucket } from '../src/storage/bucket-setup.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { forbid, hasS3, NEEDS_S3, openTestBucket, type TestBucket } from './support/s3.ts'
import { startService } from './support/service.ts'

const SETTINGS = ['public access', 'lifecycle']

async function inspect({ config }: TestBucket, fix: boolean): Promise<BucketFinding[]> {
  return await Array.fromAsync(inspectBucket(config, { fix }))
}

function verdicts(findings: readonly BucketFinding[]): Record<string, boolean> {
  return Object.fromEntries(findings.map(({ name, isWell }) => [name, isWell]))
}

function detailOf(findings: readonly BucketFinding[], name: string): string {
  return findings.find((finding) => finding.name === name)?.detail ?? ''
}

async function lifecycleRules({ client, config }: TestBucket) {
  const { Rules = [] } = await client.send(
    new GetBucketLifecycleConfigurationCommand({ Bucket: config.bucket }),
  )
  return Rules
}

describe.runIf(hasS3)(`what a bucket should have (${NEEDS_S3})`, () => {
  test('is missing on a new one, and looking at it creates nothing', async () => {
    await using bucket = await openTestBucket()

    const first = await inspect(bucket, false)
    const second = await inspect(bucket, false)

    expect(first.map(({ name }) => name)).toEqual(SETTINGS)
    // Photos are safe without a lifecycle rule.
    expect(verdicts(first)).toEqual({ 'public access': false, lifecycle: true })
    for (const { detail } of first) expect(detail).toContain('darkroom doctor --fix')
    expect(second).toEqual(first)
  })

  test('is created when it may be, and found afterwards', async () => {
    await using bucket = await openTestBucket()

    const fixed = await inspect(bucket, true)
    const found = await inspect(bucket, false)

    for (const finding of fixed)
      expect(finding).toMatchObject({ isWell: true, detail: expect.stringContaining('set now') })
    for (const finding of found) expect(finding).toMatchObject({ isWell: true, detail: 'is set' })
    const block = await bucket.client.send(new GetPublicAccessBlockCommand({ Bucket: bucket.config.bucket }))
    expect(block.PublicAccessBlockConfiguration).toMatchObject({
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    })
    expect(await lifecycleRules(bucket)).toMatchObject([
      { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ])
  })

  test('lets pages of the origins there are put photos, beside what others allow', async () => {
    await using bucket = await openTestBucket()
    const Bucket = bucket.config.bucket
    const theirs = { ID: 'theirs', AllowedMethods: ['GET'], AllowedOrigins: ['*'] }
    await bucket.client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [theirs] } }))
    const look = async (fix: boolean, ...origins: string[]) =>
      detailOf(await Array.fromAsync(inspectBucket(bucket.config, { fix, origins })), 'CORS')

    const before = await look(false, 'https://app.example.com')
    const fixed = await look(true, 'https://app.example.com')
    const after = await look(false, 'https://app.example.com')
    const another = await look(true, 'https://app.example.com', 'https://other.example.com')

    expect([before, fixed, after, another]).toEqual([
      expect.stringMatching(/^Not set\. Pages of CORS_ORIGINS/),
      expect.stringContaining('set now'),
      'is set',
      expect.stringContaining('set now'),
    ])
    const { CORSRules = [] } = await bucket.client.send(new GetBucketCorsCommand({ Bucket }))
    expect(CORSRules.map(({ AllowedMethods, AllowedOrigins }) => [AllowedMethods, AllowedOrigins])).toEqual([
      [['GET'], ['*']],
      [['PUT'], ['https://app.example.com', 'https://other.example.com']],
    ])
  })

  test('leaves alone the rules that others have set', async () => {
    await using bucket = await openTestBucket()
    const Bucket = bucket.config.bucket
    const theirs = {
      ID: 'theirs',
      Status: 'Enabled',
      Filter: { Prefix: 'reports/' },
      Expiration: { Days: 30 },
    } as const
    await bucket.client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [theirs] } }),
    )

    await inspect(bucket, true)

    expect((await lifecycleRules(bucket)).map(({ ID }) => ID).sort()).toEqual([
      'darkroom-abort-multiparts',
      'theirs',
    ])
  })

  test('takes no rule for one prefix as one for all uploads', async () => {
    await using bucket = await openTestBucket()
    const narrow = {
      ID: 'narrow',
      Status: 'Enabled',
      Filter: { Prefix: 'reports/' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    } as const
    await bucket.client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: bucket.config.bucket,
        LifecycleConfiguration: { Rules: [narrow] },
      }),
    )

    expect(detailOf(await inspect(bucket, false), 'lifecycle')).toMatch(/^Not set\./)
  })

  test('says which right it wants for what it may not create, and creates the rest', async () => {
    await using bucket = await openTestBucket()
    await forbid(bucket, ['s3:PutBucketPublicAccessBlock'])

    const findings = await inspect(bucket, true)

    expect(verdicts(findings)).toEqual({ 'public access': false, lifecycle: true })
    expect(detailOf(findings, 'public access')).toContain(
      'Allow s3:GetBucketPublicAccessBlock and s3:PutBucketPublicAccessBlock',
    )
    expect(detailOf(findings, 'lifecycle')).toContain('set now')
  })

  test('is told by the doctor, and created by its --fix', async () => {
    await using bucket = await openTestBucket()
    await using service = await startService({ STORAGE_URL: bucket.url })
    const env = {
      ...inject('s3'),
      DARKROOM_HOME: service.config.home,
      DATABASE_URL: service.database.url,
      PORT: new URL(service.url).port,
      STORAGE_URL: bucket.url,
    }

    const before = await runDarkroom(['doctor'], env)
    const fixed = await runDarkroom(['doctor', '--fix'], env)
    const after = await runDarkroom(['doctor'], env)

    expect(before).toMatchObject({ code: 1, stdout: expect.stringMatching(/^BAD {2}public access /m) })
    expect(before.stdout).toMatch(/^ok {3}storage +an object was put and deleted$/m)
    expect(fixed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok {3}lifecycle +was missing/m) })
    expect(after).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok {3}lifecycle +is set$/m) })
  })
})
