import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { SetupError } from '../errors.ts'
import type { DailyLimits } from '../photo/daily-limits.ts'
import { type Environment, readVariables, type Values } from './read-variables.ts'
import type { RedisAddress } from './redis-url.ts'
import type { ReplicatedUrl } from './replicated-url.ts'
import type { S3Bucket } from './s3-url.ts'
import type { ReplicaUrls, ShardRange } from './shard-ranges.ts'
import type { CacheAddress } from './url-readers.ts'

/** 5 GiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
const MAX_S3_PUT_BYTES = 5 * 1024 ** 3

export type DatabaseConfig =
  | { kind: 'embedded'; directory: string }
  | ({ kind: 'url' } & ReplicatedUrl)
  | { kind: 'shards'; ranges: readonly ShardRange[]; replicas: ReplicaUrls }
/** Uploads lie in `spool` until they are whole. */
export type S3Config = { kind: 's3'; spool: string } & S3Bucket
export type StoreConfig = { kind: 'disk'; root: string } | S3Config
export type QueueConfig =
  /** A url of null is that of the first database. */
  { kind: 'postgres'; url: string | null } | { kind: 'redis'; address: RedisAddress }
/** Null is none. */
export type CacheConfig = CacheAddress | null
export type CdnConfig =
  | { kind: 'local'; keyDirectory: string }
  | {
      kind: 'cloudfront'
      origin: string
      keyPairId: string
      keyFile: string
      distributionId: string
      /** By which its requests to this server are known; null when it makes none. */
      originSecret: string | null
    }
export type AuthConfig =
  /** A secret of null is the one kept in the home directory. Tokens of earlier secrets are still good. */
  | { kind: 'secret'; secret: string | null; earlierSecrets: readonly string[] }
  | { kind: 'jwks'; url: string; issuer: string | null; audience: string | null }

export type WebhookConfig = {
  url: string
  /** Messages are signed with each of them. */
  secrets: readonly Buffer[]
  /** Networks beside the public Internet in which it may be. */
  networks: readonly string[]
}

export type Config = {
  /** Absolute. Everything that must outlive a restart and is not in a cloud engine lies here. */
  home: string
  host: string
  port: number
  /** Scheme, authority and path, if any, under which clients reach this server; no trailing slash. */
  publicUrl: string
  /** Whose pages may use the API from a browser: origins, or `*` for all. */
  corsOrigins: readonly string[]
  database: DatabaseConfig
  store: StoreConfig
  queue: QueueConfig
  cache: CacheConfig
  /** Where the operator's own `.cube` files lie; need not be there. */
  filtersDirectory: string
  /** The operator's own presets; the file in the home need not be there. */
  presetsFile: { path: string; mustExist: boolean }
  /** The operator's own prices; null for those that Darkroom comes with. */
  pricesFile: string | null
  cdn: CdnConfig & {
    windowSeconds: number
    minLifeSeconds: number
    /** Null: only the host that sets a cookie gets it. */
    cookieDomain: string | null
  }
  auth: AuthConfig
  /** Where the app is told what happens to photos; null for nowhere. */
  webhook: WebhookConfig | null
  maxUploadBytes: number
  /** Requests a second; null for any number. */
  requestRates: { perOwner: number | null; perAddress: number | null }
  /** Of one owner whose token says nothing else. */
  dailyLimits: DailyLimits
  /** Of one owner, on one server. */
  uploadsAtOnce: number
  /** Addresses and networks of the proxies in front, whose word counts for where a request came from. */
  trustedProxies: readonly string[]
  maxPixels: number
  workers: number
  /** The priority of batch workers for the operating system: 0 as all others, 19 the lowest. */
  batchNice: number
  /** A worker that holds more after a job is replaced. */
  workerMemoryBytes: number
  /** How long requests in flight may go on when a server is told to stop. */
  stopSeconds: number
  /** How long objects that no photo has are kept before they are deleted. */
  quarantineDays: number
  /** Whether the page to look at is served; null where nobody said: then `start` does, and `serve` does not. */
  hasConsole: boolean | null
  logLevel: string
}

/** The environment as one frozen value. Throws a SetupError that names every mistake at once. */
export function loadConfig(env: Environment): Config {
  const problems: string[] = []
  const config = configOf(readVariables(env, problems))
  if (config.store.kind === 's3' && config.maxUploadBytes > MAX_S3_PUT_BYTES)
    problems.push(
      `MAX_UPLOAD_BYTES must be at most ${MAX_S3_PUT_BYTES} on S3, which takes no more in one request`,
    )
  if (config.webhook?.url.startsWith('http:') && config.webhook.networks.length === 0)
    problems.push(
      'WEBHOOK_URL must begin with https://, unless the app is in one of WEBHOOK_NETWORKS: others could read what it is sent',
    )
  for (const url of hostsOutside(config))
    problems.push(`COOKIE_DOMAIN must be a domain that ${url} is of: browsers refuse cookies for another`)

  if (problems.length > 0) throw new SetupError(`The configuration is wrong:\n  ${problems.join('\n  ')}`)
  return Object.freeze(config)
}

function configOf(values: Values): Config {
  const home = values.DARKROOM_HOME
  return {
    home,
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL ?? localUrl(values.HOST, values.PORT),
    corsOrigins: values.CORS_ORIGINS ?? [],
    database: databaseOf(values),
    store: values.STORAGE_URL
      ? { kind: 's3', spool: join(home, 'spool'), ...values.STORAGE_URL }
      : { kind: 'disk', root: join(home, 'objects') },
    queue: values.QUEUE_URL ?? { kind: 'postgres', url: null },
    cache: values.CACHE_URL,
    filtersDirectory: values.FILTERS_DIR ?? join(home, 'filters'),
    presetsFile: {
      path: values.PRESETS_FILE ?? join(home, 'presets.json'),
      mustExist: values.PRESETS_FILE !== null,
    },
    pricesFile: values.PRICES_FILE,
    cdn: {
      ...cdnOf(values),
      windowSeconds: values.URL_WINDOW_SECONDS,
      minLifeSeconds: values.URL_MIN_LIFE_SECONDS,
      cookieDomain: values.COOKIE_DOMAIN,
    },
    auth: authOf(values),
    webhook: webhookOf(values),
    maxUploadBytes: values.MAX_UPLOAD_BYTES,
    requestRates: {
      perOwner: values.OWNER_REQUESTS_PER_SECOND,
      perAddress: values.ADDRESS_REQUESTS_PER_SECOND,
    },
    dailyLimits: { photos: values.OWNER_PHOTOS_PER_DAY, bytes: values.OWNER_BYTES_PER_DAY },
    uploadsAtOnce: values.OWNER_UPLOADS_AT_ONCE,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    maxPixels: values.MAX_MEGAPIXELS * 1_000_000,
    quarantineDays: values.QUARANTINE_DAYS,
    workers: values.WORKERS ?? availableParallelism(),
    batchNice: values.BATCH_NICE,
    workerMemoryBytes: values.WORKER_MEMORY_MB * 1_000_000,
    stopSeconds: values.STOP_SECONDS,
    hasConsole: values.CONSOLE && values.CONSOLE === 'on',
    logLevel: values.LOG_LEVEL,
  }
}

function databaseOf({
  DATABASE_SHARDS: shards,
  DATABASE_URL: database,
  DARKROOM_HOME: home,
}: Values): DatabaseConfig {
  if (shards) return { kind: 'shards', ...shards }
  return database ? { kind: 'url', ...database } : { kind: 'embedded', directory: join(home, 'postgres') }
}

function authOf(values: Values): AuthConfig {
  const { JWKS_URL: url, TOKEN_SECRET: secret, TOKEN_SECRET_PREVIOUS: earlier } = values
  if (url) return { kind: 'jwks', url, issuer: values.TOKEN_ISSUER, audience: values.TOKEN_AUDIENCE }
  return { kind: 'secret', secret, earlierSecrets: earlier ? [earlier] : [] }
}

function webhookOf(values: Values): WebhookConfig | null {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secrets, WEBHOOK_NETWORKS: networks } = values
  return url ? { url, secrets: secrets ?? [], networks: networks ?? [] } : null
}

function cdnOf(values: Values): CdnConfig {
  if (!values.CDN_URL) return { kind: 'local', keyDirectory: values.DARKROOM_HOME }
  return {
    kind: 'cloudfront',
    origin: values.CDN_URL,
    keyPairId: values.CDN_KEY_PAIR_ID ?? '',
    keyFile: values.CDN_PRIVATE_KEY_FILE ?? '',
    distributionId: values.CDN_DISTRIBUTION_ID ?? '',
    originSecret: values.CDN_ORIGIN_SECRET,
  }
}

/** Those of the API and the CDN that a cookie for the domain would not be set by, or sent to. */
function hostsOutside({ cdn, publicUrl }: Config): string[] {
  const { cookieDomain } = cdn
  if (cookieDomain === null || cdn.kind === 'local') return []
  return [publicUrl, cdn.origin].filter((url) => !`.${URL.parse(url)?.hostname}`.endsWith(`.${cookieDomain}`))
}

/** Who listens on every address is reached at the one that every machine has. */
function localUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
