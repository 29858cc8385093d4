import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { durableCeph } from '../../scripts/services/ceph.ts'
import { redis, startRedis } from '../../scripts/services/redis.ts'
import { isInstalled } from '../../scripts/services/service.ts'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import type { Log } from '../../src/log.ts'
import { SHARD_COUNT } from '../../src/photo/shard.ts'
import { childrenOf } from '../processes.ts'
import type { Random } from '../random.ts'
import { writesOf } from '../read-only.ts'
import { processVictim } from '../victim.ts'
import { openCache } from './cache.ts'
import { createDaemons } from './daemons.ts'
import type { Engines, Places } from './engines.ts'
import { copyForReplica } from './replica.ts'

/** Every command is on its way to the disk before it is answered, or nothing ever is: then a kill empties the queue. */
const REDIS_KINDS = [
  { remark: 'Redis keeps its data', options: ['--appendonly', 'yes'] },
  { remark: 'Redis forgets all when it is killed', options: ['--save', ''] },
] as const

/** One for all photos, or two that shards move between meanwhile. */
const DATABASES = [['PostgreSQL'], ['PostgreSQL 1', 'PostgreSQL 2']] as const

/** Of the first database. */
const HAS_REPLICA = [true, false] as const

export const CLOUD_SERVICES = [durableCeph, redis]

export const hasCloud = () => CLOUD_SERVICES.every(isInstalled)

/**
 * PostgreSQL and Redis on that disk, and Ceph's S3 beside it, as processes of ours, whose data outlives them. The seed
 * decides whether Redis's does, of how many databases, whether the first of them has a replica, and which cache there is.
 */
export async function openCloud({ disk, folder: home }: Places, random: Random, log: Log): Promise<Engines> {
  await using opened = new AsyncDisposableStack()
  const folder = join(home, 'engines')
  const redisFolder = join(disk, 'redis')
  opened.defer(async () => await rm(folder, { recursive: true, force: true }))
  await mkdir(folder, { recursive: true })
  await mkdir(redisFolder)
  const cephDaemons = opened.use(createDaemons(folder))
  const redisDaemons = opened.use(createDaemons(redisFolder))

  const { remark, options } = random.pick(REDIS_KINDS)
  const names = random.pick(DATABASES)
  const hasReplica = random.pick(HAS_REPLICA)
  const databases = await Promise.all(
    names.map(async (name, index) => {
      const directory = join(disk, name.toLowerCase().replace(' ', '-'))
      const startReplica =
        hasReplica && index === 0 ? await copyForReplica(directory, join(folder, 'replica'), log) : null
      const postgres = opened.use(await startEmbeddedPostgres({ directory, log }))
      return { name, postgres, replica: startReplica && opened.use(await startReplica(postgres.url)) }
    }),
  )
  const urls = databases.map(({ postgres }) => postgres.url)
  const urlsWithReplicas = databases.map(({ postgres, replica }) =>
    replica ? `${postgres.url}|${replica.url}` : postgres.url,
  )
  const cache = opened.use(await openCache(join(folder, 'cache'), random))
  const redisPort = await freePort()
  redisDaemons.adopt(await startRedis(redisFolder, redisPort, options))
  const cephFolder = join(folder, 'ceph')
  await mkdir(cephFolder)
  const s3 = await durableCeph.start(cephFolder, cephDaemons.adopt)
  // The account looks into the bucket itself, with credentials from the SDK's own chain.
  Object.assign(process.env, s3)

  const owned = opened.move()
  return {
    env: {
      ...s3,
      ...databaseEnv(urlsWithReplicas),
      ...cache.env,
      QUEUE_URL: `redis://127.0.0.1:${redisPort}`,
    },
    databases: urls,
    victims: [
      ...databases.flatMap(({ name, postgres, replica }) => [
        processVictim({
          name,
          pids: async () => {
            const { pid } = postgres
            return pid === null ? [] : [pid, ...(await childrenOf(pid)).map((child) => child.pid)]
          },
        }),
        writesOf(name, async () => postgres.url),
        ...(replica ? [replica.victim] : []),
      ]),
      ...cache.victims,
      redisDaemons.victim('Redis', 'redis-server'),
      cephDaemons.victim("S3's gateway", 'radosgw'),
      cephDaemons.victim("S3's disk", 'ceph-osd'),
    ],
    remark: [
      remark,
      urls.length === 1 ? 'one database' : 'shards move between two databases',
      ...(hasReplica ? ['a replica'] : []),
      cache.remark,
    ].join(', '),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Each has as many of the shards, in the beginning. */
function databaseEnv(urls: readonly string[]): Record<string, string> {
  if (urls.length === 1) return { DATABASE_URL: urls[0] as string }
  const size = SHARD_COUNT / urls.length
  const ranges = urls.map((url, index) => `${index * size}-${(index + 1) * size - 1}=${url}`)
  return { DATABASE_SHARDS: ranges.join(',') }
}
