/** What the page's policy makes of a script's address: itself, where it is one of ours. */
type TrustedScripts = { createScriptURL(url: string): string }
type TrustedTypes = { createPolicy(name: string, rules: TrustedScripts): TrustedScripts }

const RULES: TrustedScripts = {
  createScriptURL: (text) => {
    const { href, origin } = new URL(text, location.href)
    if (origin !== location.origin) throw new TypeError(`${origin} is not where this page is from.`)
    return href
  },
}

const policy =
  (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('console', RULES) ?? RULES

/** The address of a script of ours for `new Worker`, which takes no text under Trusted Types. */
export function workerUrl(url: string): string {
  return policy.createScriptURL(url)
}
