const NAMES = ['Policy', 'Expires', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const
type Name = (typeof NAMES)[number]

/** The signing parameters that were sent, by their names in a URL. */
export type Credentials = ReadonlyMap<Name, string>

/**
 * The credentials of a request, and its target (path and query, as received) without them: the URL that was
 * signed. One signing parameter in the URL is enough for the cookies not to be looked at.
 */
export function readCredentials(target: string, cookie = ''): { credentials: Credentials; target: string } {
  const [path, query] = cut(target, '?')
  const parameters = query === null ? [] : query.split('&')
  const own = parameters.filter((parameter) => nameOf(parameter) === null)
  return {
    credentials:
      own.length < parameters.length
        ? collect(parameters, '', percentDecoded)
        : collect(cookie.split(/; */), 'CloudFront-', (value) => value),
    target: own.length === 0 ? path : `${path}?${own.join('&')}`,
  }
}

function collect(pairs: readonly string[], prefix: string, decode: (value: string) => string): Credentials {
  const credentials = new Map<Name, string>()
  for (const pair of pairs) {
    const name = pair.startsWith(prefix) ? nameOf(pair.slice(prefix.length)) : null
    if (name) credentials.set(name, decode(cut(pair, '=')[1] ?? ''))
  }
  return credentials
}

function nameOf(pair: string): Name | null {
  const [name] = cut(pair, '=')
  return NAMES.find((known) => known === name) ?? null
}

/** Some clients escape the `~` of a signature. What is no escape is left for the decoder behind to refuse. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The text before the first separator and the text after it, null when there is none. */
function cut(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}
