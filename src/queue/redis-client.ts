import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from '../config/redis-url.ts'
import { SetupError } from '../errors.ts'

const CONNECT_MS = 3_000
const RECONNECT_MS = 1_000
const ANSWER_MS = 2_000

export type RedisClient = Redis | Cluster

/** What a client does while the server is away. */
export type Patience =
  /** Fails at once, so that whoever asked can go on without it. */
  | 'none'
  /** Waits until the server is back: for workers, who have nothing else to do. */
  | 'endless'

/** A client that is connecting, and connects again whenever the server or its primary changes or comes back. */
export function createRedisClient(address: RedisAddress, patience: Patience): RedisClient {
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
    // A primary that became a replica: the name leads to another one by now.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    connectionName: 'darkroom',
    ...(patience === 'none'
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: ANSWER_MS }
      : { maxRetriesPerRequest: null }),
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

const AWAY =
  /^(Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries|None of startup nodes|Failed to refresh slots|All sentinels|Cluster (is )?|connect |read |write |getaddrinfo |LOADING|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|OOM|UNBLOCKED)/

/** Whether an error says that the server is away, changes its role or has no room, not that a command is wrong. */
export function isRedisAway(error: Error): boolean {
  return AWAY.test(error.message) || ('code' in error && /^E[A-Z]+$/.test(String(error.code)))
}
