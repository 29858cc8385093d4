import { verify } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import { decodeCloudFrontBase64 } from '../../../src/delivery/cloudfront-base64.ts'
import type { EdgeRules, Refusal, ViewerRequest } from '../../../src/delivery/edge-check.ts'
import { type Credentials, readCredentials } from './credentials.ts'
import { matchesResource } from './resource-match.ts'
import { cannedPolicy, parseStatement, type Statement } from './statement.ts'

/**
 * What CloudFront answers a viewer at the IP address, by its documentation and by what AWS' own signer makes: custom and
 * canned policies, conditions of time and address, wildcards, both hashes. More than we sign, so that it proves what
 * signs and what checks here against rules that are not ours. Null lets the request through.
 */
export function cloudFrontVerdict(
  request: ViewerRequest & { address?: string },
  { origin, keys, now }: EdgeRules,
): Refusal | null {
  const { credentials, target } = readCredentials(request.target, request.cookie)
  const url = origin + target

  const keyPairId = credentials.get('Key-Pair-Id')
  if (!keyPairId) return 'MissingKey'
  const key = keys.get(keyPairId)
  if (!key) return 'InvalidKey'

  const signature = decodeCloudFrontBase64(credentials.get('Signature') ?? '')
  if (!signature) return 'MalformedSignature'
  const policy = signedPolicy(credentials, url)
  const statement = policy && parseStatement(policy.toString())
  if (!statement) return 'MalformedPolicy'

  const hash = hashOf(credentials)
  const allowed =
    hash !== null &&
    verify(hash, policy, key, signature) &&
    (statement.Resource === undefined || matchesResource(statement.Resource, url)) &&
    isTimely(statement, Math.floor(now / 1000)) &&
    isFromThere(statement, request.address ?? '192.0.2.7')
  return allowed ? null : 'AccessDenied'
}

/** The bytes that were signed: a custom policy is sent along, a canned one follows from `Expires` and the URL. */
function signedPolicy(credentials: Credentials, url: string): Buffer | null {
  const custom = credentials.get('Policy')
  if (custom !== undefined) return decodeCloudFrontBase64(custom)
  const expires = credentials.get('Expires') ?? ''
  return /^\d{1,19}$/.test(expires) ? Buffer.from(cannedPolicy(url, BigInt(expires))) : null
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
