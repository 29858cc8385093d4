/** What a policy of ours grants: every URL that begins so, until then (seconds since 1970). */
export type Grant = { prefix: string; expires: number }

/** No wildcards and no escapes, so that a URL is covered when it begins alike. */
const POLICY =
  /^\{"Statement":\[\{"Resource":"(?<prefix>[^"\\*?]+)\*","Condition":\{"DateLessThan":\{"AWS:EpochTime":(?<expires>\d{1,15})\}\}\}\]\}$/

/** The custom policy that CloudFront reads. Without whitespace, as every byte of it is in every URL. */
export function policyText({ prefix, expires }: Grant): string {
  return `{"Statement":[{"Resource":"${prefix}*","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`
}

/** What a text of `policyText` grants; null for any other policy, even one that CloudFront would take. */
export function parsePolicy(text: string): Grant | null {
  const { prefix, expires } = POLICY.exec(text)?.groups ?? {}
  return prefix === undefined ? null : { prefix, expires: Number(expires) }
}
