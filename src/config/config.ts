import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { SetupError } from '../errors.ts'
import { parseRedisUrl, REDIS_URL_FORMS, type RedisAddress } from './redis-url.ts'
import { readS3Url, type S3Config } from './s3-url.ts'
import { parseShardRanges, type ShardRange } from './shard-ranges.ts'

const HOUR_S = 3600

/** What paths of ours begin with. */
const OWN_PATHS = /^\/(v1|docs|renditions|public|private|console)(\/|$)/
/** 5 GiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
const MAX_S3_PUT_BYTES = 5 * 1024 ** 3

export type DatabaseConfig =
  | { kind: 'embedded'; directory: string }
  | { kind: 'url'; url: string }
  | { kind: 'shards'; ranges: readonly ShardRange[] }
export type StoreConfig = { kind: 'disk'; root: string } | S3Config
export type QueueConfig =
  /** A url of null is that of the first database. */
  { kind: 'postgres'; url: string | null } | { kind: 'redis'; address: RedisAddress }
export type CdnConfig =
  | { kind: 'local'; keyDirectory: string }
  | { kind: 'cloudfront'; origin: string; keyPairId: string; keyFile: string; distributionId: string }
export type AuthConfig =
  /** A secret of null is the one kept in the home directory. Tokens of earlier secrets are still good. */
  | { kind: 'secret'; secret: string | null; earlierSecrets: readonly string[] }
  | { kind: 'jwks'; url: string; issuer: string | undefined; audience: string | undefined }

export type Config = {
  /** Absolute. Everything that must outlive a restart and is not in a cloud engine lies here. */
  home: string
  host: string
  port: number
  /** Scheme, authority and path, if any, under which clients reach this server; no trailing slash. */
  publicUrl: string
  database: DatabaseConfig
  store: StoreConfig
  queue: QueueConfig
  /** Where the operator's own `.cube` files lie; need not be there. */
  filtersDirectory: string
  cdn: CdnConfig & { windowSeconds: number; minLifeSeconds: number }
  auth: AuthConfig
  maxUploadBytes: number
  maxPixels: number
  workers: number
  /** A worker that holds more after a job is replaced. */
  workerMemoryBytes: number
  /** How long requests in flight may go on when a server is told to stop. */
  stopSeconds: number
  /** How long objects that no photo has are kept before they are deleted. */
  quarantineDays: number
  logLevel: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** The environment as one frozen value. Throws a SetupError that names every mistake at once. */
export function loadConfig(env: Environment): Config {
  const problems: string[] = []
  const read = reader(env, problems)

  const home = resolve(env.DARKROOM_HOME || '.darkroom')
  const host = env.HOST || '127.0.0.1'
  const port = read.integer('PORT', 3000, 1, 65_535)
  const config: Config = {
    home,
    host,
    port,
    publicUrl: read.base('PUBLIC_URL') ?? localUrl(host, port),
    database: readDatabase(env, read, home, problems),
    store: env.STORAGE_URL
      ? readS3Url(env.STORAGE_URL, resolve(home, 'spool'), (wrong) => problems.push(`STORAGE_URL ${wrong}`))
      : { kind: 'disk', root: resolve(home, 'objects') },
    queue: read.queue('QUEUE_URL'),
    filtersDirectory: resolve(env.FILTERS_DIR || join(home, 'filters')),
    cdn: {
      ...readCdn(env, read, home, problems),
      windowSeconds: read.integer('URL_WINDOW_SECONDS', 24 * HOUR_S, 60, 7 * 24 * HOUR_S),
      minLifeSeconds: read.integer('URL_MIN_LIFE_SECONDS', HOUR_S, 10, 7 * 24 * HOUR_S),
    },
    auth: readAuth(env, read, problems),
    maxUploadBytes: read.integer('MAX_UPLOAD_BYTES', 100_000_000, 1, 10_000_000_000),
    maxPixels: read.integer('MAX_MEGAPIXELS', 100, 1, 1000) * 1_000_000,
    quarantineDays: read.integer('QUARANTINE_DAYS', 7, 1, 365),
    workers: read.integer('WORKERS', availableParallelism(), 1, 256),
    workerMemoryBytes: read.integer('WORKER_MEMORY_MB', 384, 64, 1_000_000) * 1_000_000,
    stopSeconds: read.integer('STOP_SECONDS', 20, 0, 3600),
    logLevel: read.oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
  }
  if (config.store.kind === 's3' && config.maxUploadBytes > MAX_S3_PUT_BYTES)
    problems.push(
      `MAX_UPLOAD_BYTES must be at most ${MAX_S3_PUT_BYTES} on S3, which takes no more in one request`,
    )

  if (problems.length > 0) throw new SetupError(`The configuration is wrong:\n  ${problems.join('\n  ')}`)
  return Object.freeze(config)
}

function readDatabase(env: Environment, read: Reader, home: string, problems: string[]): DatabaseConfig {
  if (env.DATABASE_URL && env.DATABASE_SHARDS) problems.push('set DATABASE_URL or DATABASE_SHARDS, not both')
  if (env.DATABASE_SHARDS) {
    const complain = (problem: string) => problems.push(`DATABASE_SHARDS: ${problem}`)
    return { kind: 'shards', ranges: parseShardRanges(env.DATABASE_SHARDS, complain) }
  }
  if (env.DATABASE_URL) return { kind: 'url', url: read.url('DATABASE_URL', ['postgres:', 'postgresql:']) }
  return { kind: 'embedded', directory: resolve(home, 'postgres') }
}

function readAuth(env: Environment, read: Reader, problems: string[]): AuthConfig {
  if (!env.JWKS_URL) {
    for (const name of ['TOKEN_ISSUER', 'TOKEN_AUDIENCE']) {
      if (env[name]) problems.push(`${name} is of no use without JWKS_URL`)
    }
    const earlier = read.secret('TOKEN_SECRET_PREVIOUS', 32)
    return {
      kind: 'secret',
      secret: read.secret('TOKEN_SECRET', 32),
      earlierSecrets: earlier === null ? [] : [earlier],
    }
  }
  for (const name of ['TOKEN_SECRET', 'TOKEN_SECRET_PREVIOUS']) {
    if (env[name]) problems.push(`set JWKS_URL or ${name}, not both`)
  }
  return {
    kind: 'jwks',
    url: read.url('JWKS_URL', ['https:', 'http:']),
    issuer: env.TOKEN_ISSUER || undefined,
    audience: env.TOKEN_AUDIENCE || undefined,
  }
}

function readCdn(env: Environment, read: Reader, home: string, problems: string[]): CdnConfig {
  if (env.CDN_URL) {
    return {
      kind: 'cloudfront',
      origin: read.origin('CDN_URL') ?? '',
      keyPairId: read.form(
        'CDN_KEY_PAIR_ID',
        /^K[0-9A-Z]+$/,
        "CloudFront's id of the public key, such as K2JCJMDEHXQW5F",
      ),
      keyFile: resolve(read.form('CDN_PRIVATE_KEY_FILE', /./, 'the file with the private key')),
      distributionId: read.form(
        'CDN_DISTRIBUTION_ID',
        /^E[0-9A-Z]+$/,
        "the distribution's id, such as EDFDVBD6EXAMPLE",
      ),
    }
  }
  for (const name of ['CDN_KEY_PAIR_ID', 'CDN_PRIVATE_KEY_FILE', 'CDN_DISTRIBUTION_ID']) {
    if (env[name]) problems.push(`${name} is of no use without CDN_URL`)
  }
  return { kind: 'local', keyDirectory: home }
}

function localUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

type Reader = ReturnType<typeof reader>

/** Reads one kind of value each; what is wrong goes to `problems` and a harmless value comes back. */
function reader(env: Environment, problems: string[]) {
  const parseUrl = (name: string, protocols: readonly string[]): URL | null => {
    const url = URL.parse(env[name] ?? '')
    if (url && protocols.includes(url.protocol)) return url
    problems.push(
      `${name} must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )
    return null
  }
  return {
    integer(name: string, fallback: number, min: number, max: number): number {
      const text = env[name]
      if (!text) return fallback
      const value = Number(text)
      if (/^\d+$/.test(text) && value >= min && value <= max) return value
      problems.push(`${name} must be a whole number from ${min} to ${max}, not "${text}"`)
      return fallback
    },
    form(name: string, form: RegExp, what: string): string {
      const text = env[name] ?? ''
      if (!form.test(text)) problems.push(`${name} must be ${what}${text && `, not "${text}"`}`)
      return text
    },
    oneOf(name: string, words: readonly string[], fallback: string): string {
      const word = env[name] || fallback
      if (!words.includes(word)) problems.push(`${name} must be one of ${words.join(', ')}, not "${word}"`)
      return word
    },
    secret(name: string, minLength: number): string | null {
      const secret = env[name] || null
      if (secret !== null && secret.length < minLength) {
        problems.push(
          `${name} must have at least ${minLength} characters; make one with: openssl rand -hex 32`,
        )
      }
      return secret
    },
    url(name: string, protocols: readonly string[]): string {
      return parseUrl(name, protocols)?.href ?? ''
    },
    queue(name: string): QueueConfig {
      const text = env[name]
      if (!text) return { kind: 'postgres', url: null }
      if (/^postgres(ql)?:/.test(text)) {
        return { kind: 'postgres', url: parseUrl(name, ['postgres:', 'postgresql:'])?.href ?? null }
      }
      const address = parseRedisUrl(text)
      if (address) return { kind: 'redis', address }
      problems.push(`${name} must be one of\n    ${['postgres://…', ...REDIS_URL_FORMS].join('\n    ')}`)
      return { kind: 'postgres', url: null }
    },
    base(name: string): string | null {
      if (!env[name]) return null
      const url = parseUrl(name, ['http:', 'https:'])
      if (!url) return null
      const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '')
      // Wildcards and escapes would mean something else in the policy of a signed URL.
      if (!/^[\w.~/-]*$/.test(url.pathname) || url.href.replace(/\/+$/, '') !== base)
        problems.push(`${name} must be scheme, host and a plain path, such as ${url.origin}/photos`)
      // Else nobody could tell whether the proxy has taken it away.
      if (OWN_PATHS.test(url.pathname))
        problems.push(`${name} must have another path: ${url.pathname} is one of ours`)
      return base
    },
    origin(name: string): string | null {
      if (!env[name]) return null
      const url = parseUrl(name, ['http:', 'https:'])
      if (url && url.href !== `${url.origin}/`)
        problems.push(`${name} must have no path, such as ${url.origin}`)
      return url?.origin ?? null
    },
  }
}
