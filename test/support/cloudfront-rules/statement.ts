import { isIPv4 } from 'node:net'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const Time = Type.Object({ 'AWS:EpochTime': Type.Integer({ minimum: 0 }) }, { additionalProperties: false })
const Address = Type.Object({ 'AWS:SourceIp': Type.String() }, { additionalProperties: false })

/** A condition that is not known here must not be ignored, so it makes the policy malformed. */
const Condition = Type.Object(
  { DateLessThan: Time, DateGreaterThan: Type.Optional(Time), IpAddress: Type.Optional(Address) },
  { additionalProperties: false },
)

const Policy = Type.Object({
  Statement: Type.Tuple([Type.Object({ Resource: Type.Optional(Type.String()), Condition })]),
})
const policyShape = Compile(Policy)

/** The one statement of a CloudFront policy. Without a resource it grants every one; times are seconds since 1970. */
export type Statement = Static<typeof Policy>['Statement'][0]

/** The text of a canned policy, byte for byte as CloudFront rebuilds it from `Expires` and the URL. */
export function cannedPolicy(url: string, expires: bigint): string {
  return `{"Statement":[{"Resource":${JSON.stringify(url)},"Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`
}

/** The statement of a policy, or null for what CloudFront calls a malformed policy. */
export function parseStatement(text: string): Statement | null {
  const policy = parseJson(text)
  if (!policyShape.Check(policy)) return null
  const [statement] = policy.Statement
  const range = statement.Condition.IpAddress?.['AWS:SourceIp']
  return range === undefined || isIpv4Range(range) ? statement : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An IPv4 address, or a block in CIDR notation. CloudFront has no condition on IPv6. */
function isIpv4Range(text: string): boolean {
  const [address = '', prefix = '32', ...rest] = text.split('/')
  return rest.length === 0 && isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32
}
