/** A Redis or Valkey server, alone, as a cluster, or found through sentinels. */
export type RedisAddress = {
  kind: 'single' | 'cluster' | 'sentinel'
  hosts: readonly { host: string; port: number }[]
  isTls: boolean
  username: string | undefined
  password: string | undefined
  /** The numbered database; a cluster has only 0. */
  db: number
  /** Under which sentinels know the server; empty otherwise. */
  masterName: string
  /** For the sentinels themselves, which rarely want one. */
  sentinelPassword: string | undefined
}

export const REDIS_URL_FORMS = [
  'redis://user:password@host:6379/0',
  'redis-cluster://host1:6379,host2:6379',
  'redis-sentinel://host1:26379,host2:26379/master-name?db=0&sentinelPassword=',
  'the same with rediss for TLS',
] as const

const REDIS_URL =
  /^(?<scheme>rediss?)(?:-(?<kind>cluster|sentinel))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?@]+)(?:\/(?<path>[^/?]*))?(?:\?(?<query>.*))?$/

const HOST = /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i

/**
 * Reads one of REDIS_URL_FORMS; null when it is none. User and password are percent-decoded. URLs of several
 * hosts are beyond the platform's own parser.
 */
export function parseRedisUrl(text: string): RedisAddress | null {
  const parts = REDIS_URL.exec(text)?.groups
  if (!parts) return null
  const kind = (parts.kind ?? 'single') as RedisAddress['kind']
  const hosts = (parts.hosts ?? '').split(',').map((host) => parseHost(host, kind))
  const query = new URLSearchParams(parts.query)
  const database = kind === 'sentinel' ? query.get('db') : parts.path
  const masterName = kind === 'sentinel' ? decode(parts.path) : ''
  const db = Number(database || 0)
  const isWrong =
    !hosts.every((host) => host !== null) ||
    (kind === 'single' && hosts.length > 1) ||
    (kind === 'cluster' && db !== 0) ||
    (kind === 'sentinel' && !masterName) ||
    !Number.isInteger(db)
  if (isWrong) return null
  return {
    kind,
    hosts: hosts as RedisAddress['hosts'],
    isTls: parts.scheme === 'rediss',
    username: decode(parts.user) || undefined,
    password: decode(parts.password) || undefined,
    db,
    masterName: masterName ?? '',
    sentinelPassword: query.get('sentinelPassword') || undefined,
  }
}

function parseHost(text: string, kind: RedisAddress['kind']): { host: string; port: number } | null {
  const { ipv6, name, port } = HOST.exec(text)?.groups ?? {}
  const host = ipv6 ?? name
  return host ? { host, port: Number(port ?? (kind === 'sentinel' ? 26_379 : 6379)) } : null
}

function decode(text: string | undefined): string | null {
  try {
    return decodeURIComponent(text ?? '')
  } catch {
    return null
  }
}
