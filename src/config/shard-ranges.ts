import type { Complain } from './readers.ts'

/** The logical shards from one number to another, both included, and the database that has them. */
export type ShardRange = { from: number; to: number; url: string }

const LAST_SHARD = 8191
const ENTRY = /^\s*(?:(?<from>\d+)\s*-\s*)?(?<to>\d+)\s*=\s*(?<url>\S+)\s*$/
const DATABASE_PROTOCOLS = ['postgres:', 'postgresql:']

export function allShardsAt(url: string): ShardRange[] {
  return [{ from: 0, to: LAST_SHARD, url }]
}

/**
 * Reads `0-4095=postgres://a/db,4096-8191=postgres://b/db`, in any order. Every shard must be there exactly once;
 * each mistake goes to `complain`.
 */
export function parseShardRanges(text: string, complain: Complain): ShardRange[] {
  const ranges = text
    .split(/,(?=\s*\d+\s*[-=])/)
    .map((entry) => parseEntry(entry, complain))
    .filter((range) => range !== null)
    .toSorted((a, b) => a.from - b.from)

  let next = 0
  for (const { from, to } of ranges) {
    if (from > next) complain(`gives no database the shards ${nameOf(next, from - 1)}`)
    if (from < next) complain(`gives two databases the shards ${nameOf(from, Math.min(to, next - 1))}`)
    next = Math.max(next, to + 1)
  }
  if (next <= LAST_SHARD) complain(`gives no database the shards ${nameOf(next, LAST_SHARD)}`)
  return ranges
}

/** Reads `17` or `0-4095`; null when it is neither. */
export function parseShards(text: string): { from: number; to: number } | null {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  return first !== undefined && from <= to && to <= LAST_SHARD ? { from, to } : null
}

/** The URL as all of Darkroom writes it, or null when it is not one of PostgreSQL. */
export function parseDatabaseUrl(text: string): string | null {
  const url = URL.parse(text)
  return url && DATABASE_PROTOCOLS.includes(url.protocol) ? url.href : null
}

function parseEntry(entry: string, complain: Complain): ShardRange | null {
  const { from, to, url } = ENTRY.exec(entry)?.groups ?? {}
  const shards = to === undefined ? null : parseShards(from === undefined ? to : `${from}-${to}`)
  if (!shards) {
    complain(
      `has "${hidePassword(entry)}", which is not like 0-4095=postgres://host/database, with shards of 0-${LAST_SHARD}`,
    )
    return null
  }
  const parsed = parseDatabaseUrl(url ?? '')
  if (!parsed) {
    complain(`has for ${nameOf(shards.from, shards.to)} no URL that begins with postgres://`)
    return null
  }
  return { ...shards, url: parsed }
}

function nameOf(from: number, to: number): string {
  return from === to ? String(from) : `${from}-${to}`
}

function hidePassword(text: string): string {
  return text.replace(/\/\/.*@/, '//…@')
}
