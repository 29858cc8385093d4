/**
 * Whether a policy's resource covers the URL, both as written, compared as CloudFront does: `*` is any characters
 * and `?` is any one, within their section of `scheme://host/path?query`. A last `*` covers all that follows.
 * Takes the product of both lengths at most, whatever the wildcards.
 */
export function matchesResource(resource: string, url: string): boolean {
  const start = resource.search(/[*?]|$/)
  return url.startsWith(resource.slice(0, start)) && matchesPattern(resource.slice(start), url, start)
}

/** Whether the pattern covers the URL from the index `start` on. */
function matchesPattern(pattern: string, url: string, start: number): boolean {
  const borders = bordersOf(url)
  const last = pattern.length - 1

  // reached[p]: the first p characters of the pattern match the URL up to where the loop is. At first, only stars do.
  const stars = /^\**/.exec(pattern)?.[0].length ?? 0
  let reached = Array.from({ length: pattern.length + 1 }, (_, p) => p <= stars)
  for (let u = start; u < url.length; u++) {
    const next = [false]
    for (let p = 0; p <= last; p++) {
      const wanted = pattern[p]
      if (wanted === '*')
        next[p + 1] = next[p] || (reached[p + 1] === true && (p === last || !borders.has(u)))
      else if (wanted === '?') next[p + 1] = reached[p] === true && (url[u] === '?' || !borders.has(u))
      else next[p + 1] = reached[p] === true && wanted === url[u]
    }
    reached = next
  }
  return reached[pattern.length] === true
}

/** Where one section ends and the next begins: the indexes of `://`, of the path's first slash, of the first `?`. */
function bordersOf(url: string): ReadonlySet<number> {
  const scheme = url.indexOf('://')
  const path = url.indexOf('/', scheme + 3)
  return new Set([scheme, scheme + 1, scheme + 2, path, url.indexOf('?')])
}
