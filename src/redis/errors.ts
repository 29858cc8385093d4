/**
 * What Redis and Valkey answer, by the prefix of the error; all others (WRONGTYPE, CROSSSLOT, ERR …) are mistakes of
 * ours. The list is the servers' own: `createSharedObjects` in server.c, and what their clusters and sentinels add.
 */
const PASSES = new Set([
  // it starts, stops, fails over or moves slots
  ...[
    'LOADING',
    'MASTERDOWN',
    'READONLY',
    'CLUSTERDOWN',
    'TRYAGAIN',
    'MOVED',
    'ASK',
    'REDIRECT',
    'UNBLOCKED',
  ],
  ...['NOMASTERLINK', 'NOGOODSLAVE', 'NOQUORUM', 'INPROG', 'IOERR'],
  // its disk or its memory is full, its replicas are gone, somebody's script holds it
  ...['MISCONF', 'OOM', 'NOREPLICAS', 'BUSY'],
  // it was restarted between a transaction's or a script's first word and its last
  ...['EXECABORT', 'NOSCRIPT'],
])

/** It does not know who we are. */
const UNKNOWN = new Set(['NOAUTH', 'WRONGPASS', 'DENIED'])

/** We may not run a command or use a key; a script says so in other words, which changed with 7.2. */
const DENIED = /^NOPERM|The user executing the script|ACL failure in script/

/** What ioredis says when there is no connection. */
const NO_CONNECTION =
  /^(Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries|None of startup nodes|Failed to refresh slots|All sentinels|Cluster (is )?|connect |read |write |getaddrinfo )/

/** Before Redis 7 an error that a script met stands behind the place in the script. */
const PREFIX = /^(?:ERR Error running script .*?: -)?([A-Z]{3,})\b/

/** Whether an error says that the server is unavailable, for whatever reason, not that a command is wrong. */
export function isRedisUnavailable(error: Error): boolean {
  return (
    PASSES.has(prefixOf(error)) ||
    isRedisRefusal(error) ||
    NO_CONNECTION.test(error.message) ||
    error.message.startsWith('ERR max number of clients') ||
    ('code' in error && /^E[A-Z]+$/.test(String(error.code)))
  )
}

/** Whether the server does not know us or denies what a queue needs: at start a mistake in the set-up; later it may pass. */
export function isRedisRefusal(error: Error): boolean {
  return UNKNOWN.has(prefixOf(error)) || isRedisDenial(error)
}

/** Whether the server knows us, and denies a command or a key that a queue needs. */
export function isRedisDenial({ message }: Error): boolean {
  return DENIED.test(message)
}

function prefixOf({ message }: Error): string {
  return PREFIX.exec(message)?.[1] ?? ''
}
