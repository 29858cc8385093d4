import type { Complain } from './readers.ts'
import { parseReplicatedUrl } from './replicated-url.ts'

/** The logical shards from one number to another, both included, and the database that has them. */
export type ShardRange = { from: number; to: number; url: string }

/** The replicas of databases, by the URL of each database. */
export type ReplicaUrls = ReadonlyMap<string, readonly string[]>

const LAST_SHARD = 8191
const ENTRY = /^\s*(?:(?<from>\d+)\s*-\s*)?(?<to>\d+)\s*=\s*(?<url>\S+(?:\s*\|\s*\S+)*)\s*$/

export function allShardsAt(url: string): ShardRange[] {
  return [{ from: 0, to: LAST_SHARD, url }]
}

/**
 * Reads `0-4095=postgres://a/db,4096-8191=postgres://b/db|postgres://replica-of-b/db`, in any order. Every shard must be
 * there exactly once. A database that has several ranges has the replicas that any of them names. Each mistake goes
 * to `complain`.
 */
export function parseShardRanges(
  text: string,
  complain: Complain,
): { ranges: ShardRange[]; replicas: ReplicaUrls } {
  const entries = text
    .split(/,(?=\s*\d+\s*[-=])/)
    .map((entry) => parseEntry(entry, complain))
    .filter((range) => range !== null)
    .toSorted((a, b) => a.from - b.from)

  let next = 0
  for (const { from, to } of entries) {
    if (from > next) complain(`gives no database the shards ${nameOf(next, from - 1)}`)
    if (from < next) complain(`gives two databases the shards ${nameOf(from, Math.min(to, next - 1))}`)
    next = Math.max(next, to + 1)
  }
  if (next <= LAST_SHARD) complain(`gives no database the shards ${nameOf(next, LAST_SHARD)}`)
  return {
    ranges: entries.map(({ from, to, url }) => ({ from, to, url })),
    replicas: replicasOf(entries, complain),
  }
}

/** Reads `17` or `0-4095`; null when it is neither. */
export function parseShards(text: string): { from: number; to: number } | null {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  return first !== undefined && from <= to && to <= LAST_SHARD ? { from, to } : null
}

type Entry = ShardRange & { replicas: readonly string[] }

function replicasOf(entries: readonly Entry[], complain: Complain): ReplicaUrls {
  const replicas = new Map<string, readonly string[]>()
  for (const [url, own] of Map.groupBy(entries, ({ url }) => url)) {
    const named = new Set(own.flatMap((entry) => entry.replicas))
    if (named.size > 0) replicas.set(url, [...named])
  }
  const all = [...replicas].flatMap(([url, own]) => own.map((replica) => ({ url, replica })))
  for (const [replica, of] of Map.groupBy(all, ({ replica }) => replica)) {
    const name = hidePassword(replica)
    if (of.length > 1) complain(`has ${name} as the replica of two databases`)
    if (entries.some(({ url }) => url === replica && url !== of[0]?.url))
      complain(`has ${name} as a replica and as a database of its own`)
  }
  return replicas
}

function parseEntry(entry: string, complain: Complain): Entry | null {
  const { from, to, url = '' } = ENTRY.exec(entry)?.groups ?? {}
  const shards = to === undefined ? null : parseShards(from === undefined ? to : `${from}-${to}`)
  if (!shards) {
    complain(
      `has "${hidePassword(entry)}", which is not like 0-4095=postgres://host/database, with shards of 0-${LAST_SHARD}`,
    )
    return null
  }
  const name = nameOf(shards.from, shards.to)
  return { ...shards, ...parseReplicatedUrl(url, (problem) => complain(`for ${name} ${problem}`)) }
}

function nameOf(from: number, to: number): string {
  return from === to ? String(from) : `${from}-${to}`
}

function hidePassword(text: string): string {
  return text.replace(/\/\/.*@/, '//…@')
}
