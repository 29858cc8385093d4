import { type KeyObject, verify } from 'node:crypto'
import { decodeCloudFrontBase64 } from './cloudfront-base64.ts'
import { parsePolicy } from './policy.ts'

/** CloudFront's error codes for a request it does not let through, with its messages. */
export const REFUSALS = {
  MissingKey: 'Missing Key-Pair-Id query parameter or cookie value',
  InvalidKey: 'Unknown Key',
  MalformedSignature: 'Could not unencode Signature',
  MalformedPolicy: 'Malformed Policy',
  AccessDenied: 'Access denied',
} as const

export type Refusal = keyof typeof REFUSALS

/** A request as it was received: `target` is the raw path and query. */
export type ViewerRequest = { target: string; cookie?: string | undefined }

export type EdgeRules = {
  /** What viewers' URLs begin with, up to their path; no trailing slash. */
  origin: string
  /** Public keys by key pair id. */
  keys: ReadonlyMap<string, KeyObject>
  /** Milliseconds since 1970. */
  now: number
}

/** CloudFront's names for what was signed, in a URL, and with `CloudFront-` before them in cookies. We never send the last two. */
const NAMES = ['Policy', 'Signature', 'Key-Pair-Id', 'Expires', 'Hash-Algorithm']

/**
 * Checks the signed URL or signed cookies of a request, of the kind that we sign; null lets it through. Never throws,
 * whatever was sent. What it lets through CloudFront would, and of what we sign it refuses what CloudFront would.
 * Reasons are found in CloudFront's order: key, signature's and policy's form, signature, conditions.
 */
export function checkViewer({ target, cookie = '' }: ViewerRequest, rules: EdgeRules): Refusal | null {
  const [path, query] = cut(target, '?')
  const inQuery = credentialsIn(query.split('&'), percentDecoded)
  // One name in the URL is enough for the cookies not to be looked at.
  const sent = inQuery.size > 0 ? inQuery : credentialsIn(ownCookies(cookie), (value) => value)

  const keyPairId = sent.get('Key-Pair-Id')
  if (!keyPairId) return 'MissingKey'
  const key = rules.keys.get(keyPairId)
  if (!key) return 'InvalidKey'

  const signature = decodeCloudFrontBase64(sent.get('Signature') ?? '')
  if (!signature) return 'MalformedSignature'
  const policy = decodeCloudFrontBase64(sent.get('Policy') ?? '')
  const grant = policy && parsePolicy(policy.toString())
  if (!grant) return 'MalformedPolicy'

  const allowed =
    !sent.has('Hash-Algorithm') &&
    verify('sha1', policy, key, signature) &&
    (rules.origin + path).startsWith(grant.prefix) &&
    Math.floor(rules.now / 1000) < grant.expires
  return allowed ? null : 'AccessDenied'
}

function credentialsIn(pairs: readonly string[], decode: (value: string) => string): Map<string, string> {
  const known = pairs.map((pair) => cut(pair, '=')).filter(([name]) => NAMES.includes(name))
  return new Map(known.map(([name, value]) => [name, decode(value)]))
}

function ownCookies(header: string): string[] {
  return header
    .split(/; */)
    .map((pair) => (pair.startsWith('CloudFront-') ? pair.slice('CloudFront-'.length) : ''))
}

/** Whoever takes a URL apart and puts it together again may escape the `~` of a signature. What is no escape is left as it is. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The text before the first separator, and after it. */
function cut(text: string, separator: string): [string, string] {
  const [before = '', ...after] = text.split(separator)
  return [before, after.join(separator)]
}
