/**
 * Whether a policy's resource covers the URL, both as written, compared as CloudFront does: `*` is any characters
 * and `?` is any one, within their section of `scheme://host/path?query`. A last `*` covers all that follows.
 * Takes the product of both lengths at most, whatever the wildcards.
 */
export function matchesResource(resource: string, url: string): boolean {
  const borders = bordersOf(url)
  const last = resource.length - 1

  // reached[r]: the first r characters of the resource match the URL up to where the loop is.
  let reached = startOf(resource)
  for (let u = 0; u < url.length; u++) {
    const next = [false]
    for (let r = 0; r <= last; r++) {
      const wanted = resource[r]
      if (wanted === '*')
        next[r + 1] = next[r] || (reached[r + 1] === true && (r === last || !borders.has(u)))
      else if (wanted === '?') next[r + 1] = reached[r] === true && (url[u] === '?' || !borders.has(u))
      else next[r + 1] = reached[r] === true && wanted === url[u]
    }
    reached = next
  }
  return reached[resource.length] === true
}

/** Before any of the URL: only stars match nothing. */
function startOf(resource: string): boolean[] {
  const stars = /^\**/.exec(resource)?.[0].length ?? 0
  return Array.from({ length: resource.length + 1 }, (_, r) => r <= stars)
}

/** Where one section ends and the next begins: the indexes of `://`, of the path's first slash, of the first `?`. */
function bordersOf(url: string): ReadonlySet<number> {
  const scheme = url.indexOf('://')
  const path = url.indexOf('/', scheme + 3)
  return new Set([scheme, scheme + 1, scheme + 2, path, url.indexOf('?')])
}
