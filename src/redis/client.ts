import { type ChainableCommander, Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from '../config/redis-url.ts'
import { SetupError } from '../errors.ts'

const CONNECT_MS = 3_000
const RECONNECT_MS = 1_000
const ANSWER_MS = 2_000
const BRIEF_MS = 250

export type RedisClient = Redis | Cluster
export type RedisPipeline = ChainableCommander

/** What a client does while the server is unavailable. */
export type Patience =
  /** Fails at once, so that whoever asked can go on without it. */
  | 'none'
  /** The same, after a quarter of a second: for what is there to save time. */
  | 'brief'
  /** Waits until the server is back: for workers, who have nothing else to do. */
  | 'endless'

/** A client that is connecting, and connects again whenever the server or its primary changes or comes back. */
export function createRedisClient(
  address: RedisAddress,
  patience: Patience,
  onReplica: (error: Error) => void = () => {},
): RedisClient {
  const { hosts, username, password, db, masterName, sentinelPassword, isTls } = address
  const tls = isTls ? { tls: {} } : {}
  const options: Omit<RedisOptions, 'replyMapping'> = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...tls,
    db,
    connectTimeout: CONNECT_MS,
    keepAlive: 10_000,
    retryStrategy: () => RECONNECT_MS,
    // It wants INFO, and where a user may not ask for that it says so on the terminal. We see what commands say.
    enableReadyCheck: false,
    // A primary that became a replica: the name leads to another one by now.
    reconnectOnError: (error) => {
      const isReplica = error.message.startsWith('READONLY')
      if (isReplica) onReplica(error)
      return isReplica
    },
    connectionName: 'darkroom',
    ...(patience === 'endless'
      ? { maxRetriesPerRequest: null }
      : {
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          commandTimeout: patience === 'brief' ? BRIEF_MS : ANSWER_MS,
        }),
  }
  switch (address.kind) {
    case 'single':
      return new Redis({ ...options, ...(hosts[0] as (typeof hosts)[0]) })
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: [...hosts],
        name: masterName,
        sentinelRetryStrategy: () => RECONNECT_MS,
        ...(sentinelPassword !== undefined && { sentinelPassword }),
        ...(isTls && { sentinelTLS: {}, enableTLSForSentinelMode: true }),
      })
    case 'cluster':
      return new Cluster([...hosts], {
        redisOptions: options,
        enableOfflineQueue: patience === 'endless',
        clusterRetryStrategy: () => RECONNECT_MS,
        slotsRefreshTimeout: CONNECT_MS,
        // A certificate names hosts, not the addresses they resolve to.
        ...(isTls && { dnsLookup: (host: string, done) => done(null, host) }),
      })
  }
}

/** Asks through a client without patience, so the answer comes within seconds. */
export async function answers(client: RedisClient): Promise<boolean> {
  return await client.ping().then(
    () => true,
    () => false,
  )
}

/** Throws SetupError when the server may drop keys to make room: a queue that forgets jobs is none. */
export async function checkEvictionPolicy(client: RedisClient): Promise<void> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  for (const server of servers) {
    const memory = await server.info('memory')
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction'
    if (policy === 'noeviction') continue
    const { host, port } = server.options
    throw new SetupError(
      `Redis at ${host}:${port} has the eviction policy ${policy}: it would drop jobs when memory runs short. ` +
        `Set it: redis-cli -h ${host} -p ${port} CONFIG SET maxmemory-policy noeviction ` +
        '(and in its configuration file or parameter group, so that it outlives a restart).',
    )
  }
}

/**
 * Throws what the server says when it takes no jobs now, or never does from us: when its disk or its memory is full, it
 * is a replica, or its user may not write such keys or run scripts. Writing tells; reading would not.
 */
export async function checkWrites(client: RedisClient, key: string): Promise<void> {
  await client.eval("return redis.call('SET', KEYS[1], '', 'PX', 60000)", 1, key)
}
