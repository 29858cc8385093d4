// Where an original lies that is not ours, as one text: what a photo's row keeps of it.

/** An object of a bucket that is named as in STORAGE_URL, or a file of this machine. */
export type Location = { kind: 'object'; bucket: string; key: string } | { kind: 'file'; path: Buffer }

/** `bucket` is `s3://name?region=…`, and that is what becomes of it: `s3://name/key?region=…`. */
export function objectLocation(bucket: string, key: string): string {
  const [name, query] = bucket.split('?', 2) as [string, string?]
  return `${name.replace(/\/$/, '')}/${encoded(Buffer.from(key))}${query ? `?${query}` : ''}`
}

/** A name is bytes, in whatever encoding. */
export function fileLocation(absolutePath: Buffer | string): string {
  return `file://${encoded(Buffer.from(absolutePath))}`
}

/** Throws for a text that is none. */
export function parseLocation(text: string): Location {
  const [, path] = /^file:\/\/(\/.*)$/.exec(text) ?? []
  if (path !== undefined) return { kind: 'file', path: decoded(path) }
  const [, bucket, key, query = ''] = /^(s3:\/\/[^/?]+)\/([^?]+)(\?.*)?$/.exec(text) ?? []
  if (bucket === undefined || key === undefined) throw new Error(`${text} is no place of an original.`)
  return { kind: 'object', bucket: bucket + query, key: decoded(key).toString() }
}

function encoded(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\w./~-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

function decoded(text: string): Buffer {
  const bytes = text.replace(/%([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}
