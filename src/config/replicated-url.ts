import type { Complain } from './readers.ts'

/** The URL of a database, and those of its replicas that are read from in its place. */
export type ReplicatedUrl = { url: string; replicas: readonly string[] }

const PROTOCOLS = ['postgres:', 'postgresql:']
const A_URL = 'a URL that begins with postgres:// or postgresql://'

/** The URL as all of Darkroom writes it, or null when it is not one of PostgreSQL, or several. */
export function parseDatabaseUrl(text: string): string | null {
  const url = URL.parse(text)
  return url && !text.includes('|') && PROTOCOLS.includes(url.protocol) ? url.href : null
}

/** Reads `postgres://a/db|postgres://replica-of-a/db`, with any number of replicas; each mistake goes to `complain`. */
export function parseReplicatedUrl(text: string, complain: Complain): ReplicatedUrl {
  const [url = null, ...replicas] = text.split('|').map((part) => parseDatabaseUrl(part.trim()))
  if (url === null) complain(`must be ${A_URL}`)
  for (const [index, replica] of replicas.entries()) {
    const name = replicas.length === 1 ? 'its replica' : `its replica ${index + 1}`
    if (replica === null)
      complain(`must have for ${name}, after the |, ${A_URL}; a | within a URL is written %7C`)
    else if (replica === url) complain(`has as ${name} the database itself`)
    else if (replicas.indexOf(replica) < index) complain(`has as ${name} one that it has already`)
  }
  return { url: url ?? '', replicas: replicas.filter((replica) => replica !== null) }
}
