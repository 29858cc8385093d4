/** The path of the URL that clients see, for when a proxy serves other things beside us: empty, or as `/photos`. */
export function basePathOf(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/+$/, '')
}

/** The path and query of a request without the base path: a proxy may have left it, or taken it away. */
export function withoutBasePath(target: string, basePath: string): string {
  const rest = target.slice(basePath.length)
  if (!target.startsWith(basePath) || !/^([/?]|$)/.test(rest)) return target
  return rest.startsWith('/') ? rest : `/${rest}`
}
