import { MAX_DAILY_LIMIT } from '../photo/daily-limits.ts'
import {
  integer,
  matching,
  networks,
  oneOf,
  path,
  type Read,
  secret,
  text,
  webhookSecrets,
} from './readers.ts'
import { parseReplicatedUrl } from './replicated-url.ts'
import { readS3Url } from './s3-url.ts'
import { parseShardRanges } from './shard-ranges.ts'
import { base, cacheUrl, origin, origins, queueUrl, webUrl } from './url-readers.ts'

const DAY_S = 24 * 3600

/** What a variable is about, in the order in which they are shown. */
export const TOPICS = {
  server: 'The server',
  database: 'The database: the embedded PostgreSQL, or yours',
  storage:
    'The objects: in a folder, or in S3 (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or as for every AWS tool)',
  queue: 'The queue: in the database, or in a server of yours',
  cache: 'What feeds remember: in each server alone, or known to all',
  tokens: "Who may upload: by a secret, or by your issuer's keys",
  limits: 'What one owner or one address may ask for: more is answered with 429',
  delivery: 'Delivery: by the local edge, or by CloudFront (deploy/ prints what it wants)',
  webhooks: 'Webhooks: what happens to photos, told to your app (docs/webhooks.md)',
  photos: 'Photos and what is made of them',
  workers: 'Workers',
} as const

export type Variable<Value = unknown> = {
  topic: keyof typeof TOPICS
  /** What it says, in a line for the operator. */
  meaning: string
  read: Read<Value>
  /** What may be written in `.env`, where the default would show little. */
  example?: string
  /** Of no use without this one. */
  with?: string
  /** And this one of no use without it. */
  isNeeded?: true
  /** Not beside these. */
  insteadOf?: readonly string[]
} & (Default | Otherwise)

/** Not set, it is read as if it were set to that. */
type Default = { default: string }
/** Not set, it is null, and that holds: for the operator, in words. */
type Otherwise = { otherwise: string }

/**
 * Every variable there is. `config.ts` puts them together; docs/operating.md and .env.example are written from here
 * by `npm run variables`.
 */
export const VARIABLES = {
  DARKROOM_HOME: {
    topic: 'server',
    meaning: 'where data, keys and secrets lie',
    read: path,
    default: '.darkroom',
  },
  HOST: { topic: 'server', meaning: 'the address the API listens on', read: text, default: '127.0.0.1' },
  PORT: { topic: 'server', meaning: 'its port', read: integer(1, 65_535), default: '3000' },
  PUBLIC_URL: {
    topic: 'server',
    meaning:
      'what clients see, when a proxy stands in front: scheme, host and perhaps a path, which the proxy may pass on or take away',
    read: base,
    otherwise: 'from the two above',
    example: 'https://photos.example.com',
  },
  CORS_ORIGINS: {
    topic: 'server',
    meaning:
      'web apps whose pages may use the API from a browser: their origins, with commas between them, or `*` for all',
    read: origins,
    otherwise: 'none',
    example: 'https://app.example.com,http://localhost:5173',
  },
  STOP_SECONDS: {
    topic: 'server',
    meaning:
      'how long requests in flight may go on when a server is told to stop (SIGTERM, SIGINT, SIGHUP); uploads that take longer are then 503. What stops it should wait 10 s more before it kills',
    read: integer(0, 3600),
    default: '20',
  },
  CONSOLE: {
    topic: 'server',
    meaning:
      '`on` or `off`: whether the API serves the page to look at, `/console`. What it shows of others wants a token with `role: "operator"`',
    read: oneOf('on', 'off'),
    otherwise: '`on` in `start`, `off` in `serve`',
    example: 'on',
  },
  LOG_LEVEL: {
    topic: 'server',
    meaning: '`debug`, `info`, `warn`, `error`',
    read: oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
  },

  DATABASE_URL: {
    topic: 'database',
    meaning:
      '`postgres://…`, and perhaps replicas of it that are read from: `postgres://a/db|postgres://replica-of-a/db|…`',
    read: parseReplicatedUrl,
    otherwise: 'an embedded PostgreSQL 18, see below',
    example: 'postgres://darkroom:secret@db.example.com/darkroom',
  },
  DATABASE_SHARDS: {
    topic: 'database',
    meaning:
      'several, with the shards of each: `0-4095=postgres://a/db,4096-8191=postgres://b/db`; each may have replicas as above',
    read: parseShardRanges,
    otherwise: '–',
    example:
      '0-4095=postgres://darkroom:secret@a.example.com/darkroom,4096-8191=postgres://darkroom:secret@b.example.com/darkroom',
    insteadOf: ['DATABASE_URL'],
  },

  STORAGE_URL: {
    topic: 'storage',
    meaning: '`s3://bucket`, see below',
    read: readS3Url,
    otherwise: 'a folder in `DARKROOM_HOME`',
    example: 's3://photos?region=eu-west-1',
  },
  QUARANTINE_DAYS: {
    topic: 'storage',
    meaning: 'how long objects that no photo has lie in `quarantine/` before they are deleted',
    read: integer(1, 365),
    default: '7',
  },

  QUEUE_URL: {
    topic: 'queue',
    meaning:
      'Redis or Valkey: `redis://host/0`, `redis-cluster://host1,host2`, `redis-sentinel://host1,host2/name`, `rediss…` for TLS; or another PostgreSQL. The server must have `maxmemory-policy noeviction`',
    read: queueUrl,
    otherwise: 'in the database',
    example: 'redis://:secret@redis.example.com:6379/0',
  },

  CACHE_URL: {
    topic: 'cache',
    meaning:
      'memcached from 1.6 on: `memcached://host:11211`; or Redis or Valkey from 6.2 on, as for `QUEUE_URL`. The same for all servers and workers; it may lose anything at any time (docs/feeds.md)',
    read: cacheUrl,
    otherwise: 'none: feeds ask the database for heads each time',
    example: 'memcached://cache.example.com:11211',
  },

  TOKEN_SECRET: {
    topic: 'tokens',
    meaning: 'HS256 secret of at least 32 characters',
    read: secret(32),
    otherwise: 'made at the first start',
    example: '',
  },
  TOKEN_SECRET_PREVIOUS: {
    topic: 'tokens',
    meaning:
      'tokens of this one are taken too: to change the secret, set both everywhere, sign with the new one, and leave this out when the old tokens have expired',
    read: secret(32),
    otherwise: '–',
    example: '',
  },
  JWKS_URL: {
    topic: 'tokens',
    meaning: 'where your issuer publishes its keys; its tokens are RS256 or ES256',
    read: webUrl,
    otherwise: '–',
    example: 'https://issuer.example.com/.well-known/jwks.json',
    insteadOf: ['TOKEN_SECRET', 'TOKEN_SECRET_PREVIOUS'],
  },
  TOKEN_ISSUER: {
    topic: 'tokens',
    meaning: 'what its tokens must have as `iss`',
    read: text,
    otherwise: 'any',
    example: 'https://issuer.example.com/',
    with: 'JWKS_URL',
  },
  TOKEN_AUDIENCE: {
    topic: 'tokens',
    meaning: 'what they must have as `aud`. Without it those signed for other apps are taken too',
    read: text,
    otherwise: 'any',
    example: 'darkroom',
    with: 'JWKS_URL',
  },

  OWNER_REQUESTS_PER_SECOND: {
    topic: 'limits',
    meaning:
      'requests with a token of one owner, counted over ten seconds: by all servers together when the queue is on Redis, else by each for itself',
    read: integer(1, 100_000),
    otherwise: 'any number',
    example: '50',
  },
  ADDRESS_REQUESTS_PER_SECOND: {
    topic: 'limits',
    meaning:
      'the same for one address (of IPv6: a /64), whatever its tokens. Behind a proxy, set `TRUSTED_PROXIES`, or it is the one address of all',
    read: integer(1, 100_000),
    otherwise: 'any number',
    example: '200',
  },
  TRUSTED_PROXIES: {
    topic: 'limits',
    meaning:
      'addresses or networks of the proxies in front, with commas between them: what they say in `X-Forwarded-For` is believed',
    read: networks,
    otherwise: 'none',
    example: '10.0.0.0/8,127.0.0.1',
  },
  OWNER_PHOTOS_PER_DAY: {
    topic: 'limits',
    meaning:
      "photos that one owner may upload in a day of UTC; a token's claim `photosPerDay` is for its owner instead. Imports don't count",
    read: integer(0, MAX_DAILY_LIMIT),
    otherwise: 'any number',
    example: '1000',
  },
  OWNER_BYTES_PER_DAY: {
    topic: 'limits',
    meaning: 'bytes of photos in the same day; claim `bytesPerDay`',
    read: integer(0, MAX_DAILY_LIMIT),
    otherwise: 'any number',
    example: '5000000000',
  },
  OWNER_UPLOADS_AT_ONCE: {
    topic: 'limits',
    meaning: 'uploads of one owner in flight on one server',
    read: integer(1, 100_000),
    default: '32',
  },

  CDN_URL: {
    topic: 'delivery',
    meaning: 'scheme and host of a CloudFront distribution; the edge in `serve` is off then',
    read: origin,
    otherwise: 'the local edge',
    example: 'https://d111111abcdef8.cloudfront.net',
  },
  CDN_KEY_PAIR_ID: {
    topic: 'delivery',
    meaning: "CloudFront's id of the public key",
    read: matching(/^K[0-9A-Z]+$/, "CloudFront's id of the public key, such as K2JCJMDEHXQW5F"),
    otherwise: '–',
    example: 'K2JCJMDEHXQW5F',
    with: 'CDN_URL',
    isNeeded: true,
  },
  CDN_PRIVATE_KEY_FILE: {
    topic: 'delivery',
    meaning: 'the RSA-2048 private key in PEM',
    read: path,
    otherwise: '–',
    example: 'cdn-key.pem',
    with: 'CDN_URL',
    isNeeded: true,
  },
  CDN_DISTRIBUTION_ID: {
    topic: 'delivery',
    meaning: 'where deleted photos are invalidated. Credentials as for every AWS tool',
    read: matching(/^E[0-9A-Z]+$/, "the distribution's id, such as EDFDVBD6EXAMPLE"),
    otherwise: '–',
    example: 'EDFDVBD6EXAMPLE',
    with: 'CDN_URL',
    isNeeded: true,
  },
  CDN_ORIGIN_SECRET: {
    topic: 'delivery',
    meaning:
      'what CloudFront shows when it asks this server for renditions that are not made yet, as of adopted photos: 32 characters or more',
    read: secret(32),
    otherwise: 'it does not ask',
    example: '',
    with: 'CDN_URL',
  },
  COOKIE_DOMAIN: {
    topic: 'delivery',
    meaning:
      'the domain that the API and the CDN have in common, which `POST /v1/cookies` sets cookies for. Whatever else is under it gets them too',
    read: matching(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a domain, such as example.com'),
    otherwise: 'no cookies, unless the CDN has the same host as the API',
    example: 'example.com',
    with: 'CDN_URL',
  },
  URL_WINDOW_SECONDS: {
    topic: 'delivery',
    meaning: 'how long delivery URLs stay the same',
    read: integer(60, 7 * DAY_S),
    default: '86400',
  },
  URL_MIN_LIFE_SECONDS: {
    topic: 'delivery',
    meaning: 'how long they live at least',
    read: integer(10, 7 * DAY_S),
    default: '3600',
  },

  WEBHOOK_URL: {
    topic: 'webhooks',
    meaning: 'where the app is told of what happens to photos, by POST',
    read: webUrl,
    otherwise: 'it is not told',
    example: 'https://app.example.com/hooks/darkroom',
  },
  WEBHOOK_SECRET: {
    topic: 'webhooks',
    meaning:
      'what messages are signed with, such as `echo whsec_$(openssl rand -base64 32)` makes; while it changes both, with a comma between them',
    read: webhookSecrets,
    otherwise: '–',
    example: '',
    with: 'WEBHOOK_URL',
    isNeeded: true,
  },
  WEBHOOK_NETWORKS: {
    topic: 'webhooks',
    meaning:
      'private networks in which the app may be, such as `10.0.0.0/8,127.0.0.1`. Elsewhere but on the public Internet no message is sent, whatever a name leads to',
    read: networks,
    otherwise: 'none',
    example: '10.0.0.0/8',
    with: 'WEBHOOK_URL',
  },

  MAX_UPLOAD_BYTES: {
    topic: 'photos',
    meaning: 'larger uploads are 413; at most 5 GiB on S3',
    read: integer(1, 10_000_000_000),
    default: '100000000',
  },
  MAX_MEGAPIXELS: {
    topic: 'photos',
    meaning:
      'width × height × frames; larger photos become `failed`. JPEGs that are not progressive shrink while they are read, so they may have four times as many',
    read: integer(1, 1000),
    default: '100',
  },
  FILTERS_DIR: {
    topic: 'photos',
    meaning: 'folder of your own `.cube` files, each a filter',
    read: path,
    otherwise: '`filters` in `DARKROOM_HOME`',
    example: '.darkroom/filters',
  },
  PRESETS_FILE: {
    topic: 'photos',
    meaning:
      'the sizes and formats that photos are made in, as README says. Servers and workers want the same',
    read: path,
    otherwise: '`presets.json` in `DARKROOM_HOME`, or the built-in ones',
    example: '.darkroom/presets.json',
  },
  PRICES_FILE: {
    topic: 'photos',
    meaning: 'what an hour of a core, PUTs and storage cost you, for what `reprocess --dry-run` tells',
    read: path,
    otherwise: 'list prices of AWS',
    example: '.darkroom/prices.json',
  },

  WORKERS: {
    topic: 'workers',
    meaning:
      'worker processes of `start` and `work` at most, in each lane; one waits, the others come and go with their jobs. A photo of 12 MP costs one 1.1 s of a core, an animation at most about five seconds and 400 MB',
    read: integer(1, 256),
    otherwise: 'one per core',
    example: '2',
  },
  BATCH_NICE: {
    topic: 'workers',
    meaning:
      'the priority of workers of the batch lane, for what nobody waits for, from 0 (as all others) to 19 (only cycles that nobody else wants)',
    read: integer(0, 19),
    default: '19',
  },
  WORKER_MEMORY_MB: {
    topic: 'workers',
    meaning: 'a worker that holds more after a job is replaced by a fresh one',
    read: integer(64, 1_000_000),
    default: '384',
  },
} as const satisfies Record<string, Variable>
