import {
  type CORSRule,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { nameOf, statusOf } from '../aws-errors.ts'
import type { S3Config } from '../config/config.ts'
import { createS3Client } from './s3-client.ts'
import { translateS3Error } from './s3-errors.ts'

/** One setting of the bucket. `detail` says what was seen or made, or what is wrong and how to mend it. */
export type BucketFinding = { name: string; isWell: boolean; detail: string }

type Setting = {
  name: string
  /** What is lost without it. */
  reason: string
  /** Photos are at risk without it. Otherwise it is advice, and a server that knows no such setting is as good. */
  isRequired: boolean
  rights: string
  isThere(client: S3Client, config: S3Config): Promise<boolean>
  create(client: S3Client, config: S3Config): Promise<unknown>
}

const ABORT_RULE: LifecycleRule = {
  ID: 'darkroom-abort-multiparts',
  Status: 'Enabled',
  Filter: { Prefix: '' },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'public access',
    reason: 'Originals are private and renditions are delivered by signed URLs, so nothing may be public.',
    isRequired: true,
    rights: 's3:GetBucketPublicAccessBlock and s3:PutBucketPublicAccessBlock',
    async isThere(client, config) {
      const found = await client.send(new GetPublicAccessBlockCommand({ Bucket: config.bucket }))
      const block = { ...found.PublicAccessBlockConfiguration }
      return Object.entries(publicAccessBlock(config)).every(
        ([name, isWanted]) => !isWanted || block[name as keyof typeof block],
      )
    },
    create: async (client, config) =>
      await client.send(
        new PutPublicAccessBlockCommand({
          Bucket: config.bucket,
          PublicAccessBlockConfiguration: publicAccessBlock(config),
        }),
      ),
  },
  {
    name: 'lifecycle',
    reason: 'Parts of uploads that other tools began and left are paid for until a rule removes them.',
    isRequired: false,
    rights: 's3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration',
    isThere: async (client, { bucket }) => (await lifecycleRules(client, bucket)).some(abortsEverything),
    create: async (client, { bucket: Bucket }) =>
      await client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          // They are replaced as a whole, so those of others are sent along.
          LifecycleConfiguration: {
            Rules: [
              ...(await lifecycleRules(client, Bucket)).filter(({ ID }) => ID !== ABORT_RULE.ID),
              ABORT_RULE,
            ],
          },
        }),
      ),
  },
]

const CORS_RULE_ID = 'darkroom-direct-uploads'

/** That pages of these origins may put photos there themselves, and nothing else. */
function putByPages(origins: readonly string[]): Setting {
  const isAllowed = (rules: readonly CORSRule[], origin: string) =>
    rules.some(
      ({ AllowedOrigins = [], AllowedMethods = [], AllowedHeaders = [] }) =>
        (AllowedOrigins.includes(origin) || AllowedOrigins.includes('*')) &&
        AllowedMethods.includes('PUT') &&
        AllowedHeaders.includes('*'),
    )
  return {
    name: 'CORS',
    reason: 'Pages of CORS_ORIGINS can not put photos straight into the bucket.',
    isRequired: false,
    rights: 's3:GetBucketCORS and s3:PutBucketCORS',
    async isThere(client, { bucket }) {
      const rules = await corsRules(client, bucket)
      return origins.every((origin) => isAllowed(rules, origin))
    },
    create: async (client, { bucket: Bucket }) => {
      const rules = (await corsRules(client, Bucket)).filter(({ ID }) => ID !== CORS_RULE_ID)
      const ours: CORSRule = {
        ID: CORS_RULE_ID,
        AllowedOrigins: [...origins],
        AllowedMethods: ['PUT'],
        AllowedHeaders: ['*'],
        MaxAgeSeconds: 7200,
      }
      return await client.send(
        new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [...rules, ours] } }),
      )
    },
  }
}

/**
 * Looks at each setting the bucket should have, so that pages of these origins may use it if there are any, and with `fix`
 * creates those that are missing; rules of others stay. Never throws for a setting: it says what it can't read or create.
 */
export async function* inspectBucket(
  config: S3Config,
  { fix, origins = [] }: { fix: boolean; origins?: readonly string[] },
): AsyncGenerator<BucketFinding> {
  const client = createS3Client(config)
  const settings = origins.length > 0 ? [...SETTINGS, putByPages(origins)] : SETTINGS
  try {
    for (const setting of settings) yield await inspect(setting, client, config, fix)
  } finally {
    client.destroy()
  }
}

async function inspect(
  { name, reason, isRequired, rights, isThere, create }: Setting,
  client: S3Client,
  config: S3Config,
  fix: boolean,
): Promise<BucketFinding> {
  const lacking = (detail: string) => ({ name, isWell: !isRequired, detail })
  try {
    if (await unlessMissing(isThere(client, config), false)) return { name, isWell: true, detail: 'is set' }
    if (!fix) return lacking(`Not set. ${reason} Create it with: darkroom doctor --fix`)
    await create(client, config)
    return { name, isWell: true, detail: 'was missing and is set now' }
  } catch (error) {
    if (isUnknownThere(error, isRequired))
      return { name, isWell: true, detail: 'this server has no such setting' }
    if (statusOf(error) === 403)
      return lacking(`We may not look or change it. ${reason} Allow ${rights}, or set it by hand.`)
    const translated = translateS3Error(error)
    return lacking(translated instanceof Error ? translated.message : String(error))
  }
}

/** @NOTE Ceph 16 refuses every put to a bucket that blocks public ACLs. Ignoring them keeps objects as private. */
function publicAccessBlock({ endpoint }: S3Config) {
  return {
    BlockPublicAcls: endpoint === null,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  }
}

async function lifecycleRules(client: S3Client, Bucket: string): Promise<LifecycleRule[]> {
  const found = client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
  return (await unlessMissing(found, null))?.Rules ?? []
}

async function corsRules(client: S3Client, Bucket: string): Promise<CORSRule[]> {
  const found = client.send(new GetBucketCorsCommand({ Bucket }))
  return (await unlessMissing(found, null))?.CORSRules ?? []
}

/** A rule for a prefix or a tag leaves other uploads where they are. */
function abortsEverything({
  Status,
  Filter,
  Prefix,
  AbortIncompleteMultipartUpload,
}: LifecycleRule): boolean {
  const isForAll = !Prefix && Object.values(Filter ?? {}).every((condition) => !condition)
  return Status === 'Enabled' && isForAll && AbortIncompleteMultipartUpload !== undefined
}

/** S3 answers what is not set with an error of its own name each: NoSuchLifecycleConfiguration and the like. */
async function unlessMissing<Found, Otherwise>(found: Promise<Found>, otherwise: Otherwise) {
  return await found.catch((error) => {
    if (/^NoSuch\w+Configuration$/.test(nameOf(error))) return otherwise
    throw error
  })
}

/**
 * @NOTE MinIO calls our lifecycle rule malformed: it knows none that does nothing but end abandoned uploads, which it does
 * by itself.
 */
function isUnknownThere(error: unknown, isRequired: boolean): boolean {
  const status = statusOf(error)
  return (
    status === 501 || status === 405 || nameOf(error) === 'NotImplemented' || (status === 400 && !isRequired)
  )
}
