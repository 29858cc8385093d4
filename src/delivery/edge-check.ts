import { type KeyObject, verify } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import { decodeCloudFrontBase64 } from './cloudfront-base64.ts'
import { parsePolicy, policyText, type Statement } from './policy.ts'
import { matchesResource } from './resource-match.ts'
import { type Credentials, readCredentials } from './viewer-credentials.ts'

/** CloudFront's error codes for a request it does not let through, with its messages. */
export const REFUSALS = {
  MissingKey: 'Missing Key-Pair-Id query parameter or cookie value',
  InvalidKey: 'Unknown Key',
  MalformedSignature: 'Could not unencode Signature',
  MalformedPolicy: 'Malformed Policy',
  AccessDenied: 'Access denied',
} as const

export type Refusal = keyof typeof REFUSALS

/** A request as it was received: `target` is the raw path and query, `address` the viewer's IP address. */
export type ViewerRequest = { target: string; cookie?: string | undefined; address: string }

export type EdgeRules = {
  /** Scheme and authority that viewers ask, with no trailing slash. */
  origin: string
  /** Public keys by key pair id. */
  keys: ReadonlyMap<string, KeyObject>
  /** Milliseconds since 1970. */
  now: number
}

/**
 * Checks the signed URL or signed cookies of a request as CloudFront does; null lets it through. Never throws,
 * whatever was sent. Reasons are found in CloudFront's order: key, signature's and policy's form, signature,
 * conditions.
 */
export function checkViewer(request: ViewerRequest, { origin, keys, now }: EdgeRules): Refusal | null {
  const { credentials, target } = readCredentials(request.target, request.cookie)
  const url = origin + target

  const keyPairId = credentials.get('Key-Pair-Id')
  if (!keyPairId) return 'MissingKey'
  const key = keys.get(keyPairId)
  if (!key) return 'InvalidKey'

  const signature = decodeCloudFrontBase64(credentials.get('Signature') ?? '')
  if (!signature) return 'MalformedSignature'
  const policy = signedPolicy(credentials, url)
  const statement = policy && parsePolicy(policy.toString())
  if (!statement) return 'MalformedPolicy'

  const hash = hashOf(credentials)
  const allowed =
    hash !== null &&
    verify(hash, policy, key, signature) &&
    (statement.Resource === undefined || matchesResource(statement.Resource, url)) &&
    isTimely(statement, Math.floor(now / 1000)) &&
    isFromThere(statement, request.address)
  return allowed ? null : 'AccessDenied'
}

/** The bytes that were signed: a custom policy is sent along, a canned one follows from `Expires` and the URL. */
function signedPolicy(credentials: Credentials, url: string): Buffer | null {
  const custom = credentials.get('Policy')
  if (custom !== undefined) return decodeCloudFrontBase64(custom)
  const expires = credentials.get('Expires') ?? ''
  return /^\d{1,19}$/.test(expires) ? Buffer.from(policyText(url, BigInt(expires))) : null
}

function hashOf(credentials: Credentials): string | null {
  switch (credentials.get('Hash-Algorithm') ?? 'SHA1') {
    case 'SHA1':
      return 'sha1'
    case 'SHA256':
      return 'sha256'
    default:
      return null
  }
}

function isTimely({ Condition: { DateLessThan, DateGreaterThan } }: Statement, now: number): boolean {
  return now < DateLessThan['AWS:EpochTime'] && now > (DateGreaterThan?.['AWS:EpochTime'] ?? 0)
}

function isFromThere({ Condition: { IpAddress } }: Statement, address: string): boolean {
  if (!IpAddress) return true
  const [network = '', prefix = '32'] = IpAddress['AWS:SourceIp'].split('/')
  const allowed = new BlockList()
  allowed.addSubnet(network, Number(prefix))
  return allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
