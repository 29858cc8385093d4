/** The path of the URL that clients see, for when a proxy serves other things beside us: empty, or as `/photos`. */
export function basePathOf(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/+$/, '')
}

/** What a request may name before its path, as if we were a proxy (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*(?=[/?])/i

/** The path and query of a request without the base path: a proxy may have left it, or taken it away. */
export function withoutBasePath(target: string, basePath: string): string {
  const path = target.replace(ORIGIN, '')
  const rest = path.slice(basePath.length)
  if (!path.startsWith(basePath) || !/^([/?]|$)/.test(rest)) return path
  return rest.startsWith('/') ? rest : `/${rest}`
}
