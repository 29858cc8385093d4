import { openMemcachedCache } from './cache/memcached-cache.ts'
import { openRedisCache } from './cache/redis-cache.ts'
import type { SharedCache } from './cache/shared-cache.ts'
import { Catalog } from './catalog/catalog.ts'
import { Changes } from './catalog/changes/changes.ts'
import { ShardMap } from './catalog/shards/shard-map.ts'
import { migrateCatalog } from './catalog/tables/migrate.ts'
import type { CacheConfig, Config, DatabaseConfig, QueueConfig, StoreConfig } from './config/config.ts'
import { readS3Url, type S3Bucket } from './config/s3-url.ts'
import { allShardsAt, type ReplicaUrls, type ShardRange } from './config/shard-ranges.ts'
import type { Cdn } from './delivery/cdn.ts'
import { SignedCdn } from './delivery/signed-cdn.ts'
import { type SigningKey, signingKeyOf } from './delivery/signing-key.ts'
import { embeddedPostgresUrl } from './embedded-postgres/embedded-postgres.ts'
import { EngineUnavailableError, SetupError } from './errors.ts'
import { type FilterBook, openFilterBook } from './filters/filter-book.ts'
import type { Log } from './log.ts'
import type { Preset } from './photo/presets.ts'
import { readPresets } from './presets/read-presets.ts'
import type { JobQueue } from './queue/job-queue.ts'
import { openPostgresQueue } from './queue/postgres-queue.ts'
import { migratePostgresQueue } from './queue/postgres-set-up.ts'
import { openRedisQueue } from './queue/redis-queue.ts'
import type { RedisClient } from './redis/client.ts'
import { connect } from './redis/connection.ts'
import { AdoptedOriginals } from './storage/adopted-originals.ts'
import { DiskStore } from './storage/disk-store.ts'
import type { ObjectStore } from './storage/object-store.ts'
import type { SourceBucket } from './storage/source-bucket.ts'
import { proveKeeper } from './sweep/keeper.ts'
import { Webhook } from './webhooks/webhook.ts'

export type Services = AsyncDisposable & {
  catalog: Catalog
  store: ObjectStore
  adopted: AdoptedOriginals
  queue: JobQueue
  cdn: Cdn
  filters: FilterBook
  presets: readonly Preset[]
  signingKey: SigningKey
  /** Null where none is configured. */
  webhook: Webhook | null
}

/** Composition root: the only place that chooses between the embedded engines and those of the cloud. */
export async function openServices(
  config: Config,
  log: Log,
  { connections = 10, presets }: { connections?: number; presets?: readonly Preset[] } = {},
): Promise<Services> {
  const presetsInUse = presets ?? (await readPresets(config.presetsFile))
  const ranges = await shardRangesOf(config)
  const replicas = replicasOf(config)
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openStore(config.store))
  const adopted = opened.use(
    new AdoptedOriginals({ openBucket: sourceBucket, maxBytes: config.maxUploadBytes }),
  )
  const cache = openCache(config.cache, log)
  const changes = cache && opened.use(new Changes(cache))
  const shards = opened.use(new ShardMap(ranges, { connections, replicas, log, tell: changes?.tell }))
  await shards.refresh()
  changes?.follow(shards)
  const catalog = new Catalog(shards, { keepSeconds: longestLifeOf(config.cdn), changes, cache })
  await catalog.health.check().catch(tolerateUnavailable(log, 'the database is unavailable'))
  await proveKeeper({ catalog, store }).catch(
    tolerateUnavailable(log, 'whose the objects are is not known; nothing is deleted until it is'),
  )
  const queue = opened.use(await openQueue(config.queue, firstUrl(ranges), log))
  const signingKey = await signingKeyOf(config.cdn)
  const cdn = await openCdn(config, signingKey, opened)
  const webhook = config.webhook && opened.use(new Webhook(config.webhook))

  const filters = await openFilterBook(config.filtersDirectory, catalog.keptFilters)
  await filters.look().catch(tolerateUnavailable(log, 'which filters are kept is not known'))

  const disposal = opened.move()
  return {
    catalog,
    store,
    adopted,
    queue,
    cdn,
    filters,
    presets: presetsInUse,
    signingKey,
    webhook,
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** A reply that was begun before a change of look may sign its URLs that much later. */
const SIGNED_LATE_S = 600

/** For how long a delivery URL is valid at most, from the moment on that its rendition is not shown any more. */
function longestLifeOf({ windowSeconds, minLifeSeconds }: Config['cdn']): number {
  return windowSeconds + minLifeSeconds + SIGNED_LATE_S
}

/** Brings the tables of every engine up to date. Returns the migrations of the catalog that were applied. */
export async function migrateServices(config: Config): Promise<string[]> {
  const ranges = await shardRangesOf(config)
  const applied = await migrateCatalog(ranges)
  switch (config.queue.kind) {
    case 'postgres':
      await migratePostgresQueue(config.queue.url ?? firstUrl(ranges))
      break
    case 'redis':
      // Redis has no tables.
      break
  }
  return applied
}

/** Which database has which shards, unless they have been moved since. */
export async function shardRangesOf({
  database,
}: {
  database: DatabaseConfig
}): Promise<readonly ShardRange[]> {
  switch (database.kind) {
    case 'shards':
      return database.ranges
    case 'url':
      return allShardsAt(database.url)
    case 'embedded':
      // `darkroom start` runs it; the other commands join.
      return allShardsAt(await embeddedPostgresUrl(database.directory))
  }
}

/** Those that are read from in the place of their databases. */
function replicasOf({ database }: { database: DatabaseConfig }): ReplicaUrls {
  switch (database.kind) {
    case 'shards':
      return database.replicas
    case 'url':
      return new Map([[database.url, database.replicas]])
    case 'embedded':
      return new Map()
  }
}

/** That of shard 0, where the queue is unless it has a URL of its own. */
function firstUrl([first]: readonly ShardRange[]): string {
  return first?.url ?? ''
}

async function openStore(config: StoreConfig): Promise<ObjectStore> {
  switch (config.kind) {
    case 'disk':
      return await DiskStore.open(config.root)
    case 's3': {
      // Here, because the SDK costs every process 40 MB that has no use for it.
      const { S3Store } = await import('./storage/s3-store.ts')
      return await S3Store.open(config)
    }
  }
}

/** A bucket of anybody's, to read from, by an URL such as STORAGE_URL. Throws SetupError. */
export async function openBucket(url: string): Promise<SourceBucket> {
  const { SourceBucket } = await import('./storage/source-bucket.ts')
  return await SourceBucket.open(readBucketUrl(url))
}

/** The same, unproven: what can't be read of it is told when it is read. */
async function sourceBucket(url: string): Promise<SourceBucket> {
  const { SourceBucket } = await import('./storage/source-bucket.ts')
  return new SourceBucket(readBucketUrl(url))
}

function readBucketUrl(url: string): S3Bucket {
  const problems: string[] = []
  const bucket = readS3Url(url, (problem) => problems.push(problem))
  if (problems.length > 0) throw new SetupError(`${url} ${problems.join('; ')}.`)
  return bucket
}

/** One that is unavailable may come back, and says so when it is asked; one that is set up wrong stays so. */
function tolerateUnavailable(log: Log, message: string): (err: unknown) => void {
  return (err) => {
    if (!(err instanceof EngineUnavailableError)) throw err
    log.warn({ err }, message)
  }
}

/** The configured queue alone. Throws as openServices does. */
export async function openJobQueue(config: Config, log: Log): Promise<JobQueue> {
  return await openQueue(config.queue, firstUrl(await shardRangesOf(config)), log)
}

/** Refuses a server that can't be trusted with jobs. */
async function openQueue(config: QueueConfig, databaseUrl: string, log: Log): Promise<JobQueue> {
  await using opened = new AsyncDisposableStack()
  const queue = opened.use(createQueue(config, databaseUrl, log))
  await queue
    .check()
    .catch(
      tolerateUnavailable(
        log,
        'the queue is unavailable; uploads are taken in, and their work is promised when it is back',
      ),
    )
  opened.move()
  return queue
}

function createQueue(config: QueueConfig, databaseUrl: string, log: Log): JobQueue {
  switch (config.kind) {
    case 'postgres':
      return openPostgresQueue(config.url ?? databaseUrl, log)
    case 'redis':
      return openRedisQueue(config.address, log)
  }
}

/** Needs not be there: what is lost with it costs time only. */
export function openCache(config: CacheConfig, log: Log): SharedCache | null {
  switch (config?.kind) {
    case undefined:
      return null
    case 'memcached':
      return openMemcachedCache(config, log)
    case 'redis':
      return openRedisCache(config.address, log)
  }
}

/** Where all servers count together: the Redis of the queue, if there is one. While it is unavailable it fails at once. */
export function openCounters(config: QueueConfig, log: Log): Disposable & { client: RedisClient | null } {
  if (config.kind === 'postgres') return { client: null, [Symbol.dispose]: () => {} }
  const { client } = connect(config.address, 'none', log)
  return { client, [Symbol.dispose]: () => client.disconnect() }
}

async function openCdn(
  { cdn, publicUrl }: Config,
  key: SigningKey,
  opened: AsyncDisposableStack,
): Promise<Cdn> {
  switch (cdn.kind) {
    case 'local':
      return new SignedCdn({ ...cdn, origin: publicUrl, key })
    case 'cloudfront': {
      // The SDK costs memory and start-up time, so only those who use it load it.
      const { CloudFront } = await import('./delivery/cloudfront.ts')
      const { CloudFrontCdn } = await import('./delivery/cloudfront-cdn.ts')
      return opened.use(new CloudFrontCdn({ ...cdn, key, cloudFront: new CloudFront(cdn.distributionId) }))
    }
  }
}
