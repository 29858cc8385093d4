import type { Complain, Read } from './readers.ts'
import { parseRedisUrl, REDIS_URL_FORMS, type RedisAddress } from './redis-url.ts'

const WEB = ['http:', 'https:']
const POSTGRES = ['postgres:', 'postgresql:']

/** What paths of ours begin with. */
const OWN_PATHS = /^\/(v1|docs|renditions|public|private|console)(\/|$)/

/** A URL may hold a password: no message shows it. */
function parse(text: string, protocols: readonly string[], complain: Complain): URL | null {
  const url = URL.parse(text)
  if (url && protocols.includes(url.protocol)) return url
  complain(`must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`)
  return null
}

export const webUrl: Read<string> = (text, complain) => parse(text, WEB, complain)?.href ?? ''

/** Scheme and host. */
export const origin: Read<string> = (text, complain) => {
  const url = parse(text, WEB, complain)
  if (url && url.href !== `${url.origin}/`) complain(`must have no path, such as ${url.origin}`)
  return url?.origin ?? ''
}

/** Origins as browsers write them, with commas between them; or `*`. */
export const origins: Read<readonly string[]> = (text, complain) =>
  text
    .split(',')
    .map((one) => one.trim())
    .map((one) => (one === '*' ? one : origin(one, (problem) => complain(`has "${one}", which ${problem}`))))

/** Scheme, host and perhaps a path; without a trailing slash. */
export const base: Read<string> = (text, complain) => {
  const url = parse(text, WEB, complain)
  if (!url) return ''
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  // Wildcards and escapes would mean something else in the policy of a signed URL.
  if (!/^[\w.~/-]*$/.test(url.pathname) || url.href.replace(/\/+$/, '') !== base)
    complain(`must be scheme, host and a plain path, such as ${url.origin}/photos`)
  // Else nobody could tell whether the proxy has taken it away.
  if (OWN_PATHS.test(url.pathname)) complain(`must have another path: ${url.pathname} is one of ours`)
  return base
}

export type CacheAddress =
  | { kind: 'memcached'; host: string; port: number }
  | { kind: 'redis'; address: RedisAddress }

const MEMCACHED_PORT = 11_211

/** Memcached, Redis or Valkey. */
export const cacheUrl: Read<CacheAddress> = (text, complain) => {
  const url = URL.parse(text)
  if (url?.protocol === 'memcached:' && url.hostname && /^memcached:\/\/[^/?#@,]+\/?$/.test(text)) {
    return {
      kind: 'memcached',
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || MEMCACHED_PORT),
    }
  }
  const address = parseRedisUrl(text)
  if (address) return { kind: 'redis', address }
  complain(`must be one of\n    ${['memcached://host:11211', ...REDIS_URL_FORMS].join('\n    ')}`)
  return { kind: 'memcached', host: '', port: MEMCACHED_PORT }
}

/** PostgreSQL, Redis or Valkey. */
export const queueUrl: Read<{ kind: 'postgres'; url: string } | { kind: 'redis'; address: RedisAddress }> = (
  text,
  complain,
) => {
  if (/^postgres(ql)?:/.test(text))
    return { kind: 'postgres', url: parse(text, POSTGRES, complain)?.href ?? '' }
  const address = parseRedisUrl(text)
  if (address) return { kind: 'redis', address }
  complain(`must be one of\n    ${['postgres://…', ...REDIS_URL_FORMS].join('\n    ')}`)
  return { kind: 'postgres', url: '' }
}
