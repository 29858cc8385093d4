import type { Shard } from '../../photo/shard.ts'
import type { Queries, Reads } from '../database/database.ts'

/** What one database says of shards next to each other: the table `shards`, as few ranges as possible. */
export type ShardPlace = {
  from: number
  to: number
  generation: number
  /** Where they came from, and rows of them may be left. */
  cameFrom: string | null
} & ({ state: 'here'; url: null } | { state: 'arriving' | 'elsewhere'; url: string })

/** So many neighbours move together at most. */
export const SHARDS_PER_RUN = 64

/** SQLSTATE of a statement about a shard that is not in the database: what the guards in the migration raise. */
const NOT_HERE = 'DR001'

/** Whether a statement was refused because its shard is in another database. */
export function isNotHere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === NOT_HERE
}

/** What the database says of all shards. */
export async function readPlaces(database: Reads): Promise<ShardPlace[]> {
  return await database.read<ShardPlace>(
    `select min(shard)::int as "from", max(shard)::int as "to", state, url, generation, came_from as "cameFrom"
     from (
       select *, shard - row_number() over (partition by state, url, generation, came_from order by shard) as island
       from shards
     ) as numbered
     group by state, url, generation, came_from, island order by min(shard)`,
  )
}

/** The database gets shards that no other has. */
export async function give(database: Queries, shards: readonly Shard[]): Promise<void> {
  await database.query(
    `insert into shards (shard, state, generation) select unnest($1::int[]), 'here', 1 on conflict do nothing`,
    [shards],
  )
}

/** Where a shard is, and since which generation. */
export type Owner = { shard: Shard; url: string; generation: number }

/** The database shows the way to shards that others have. */
export async function pointTo(database: Queries, owners: readonly Owner[]): Promise<void> {
  const values = [
    owners.map(({ shard }) => shard),
    owners.map(({ url }) => url),
    owners.map(({ generation }) => generation),
  ]
  // A pointer that is newer than what we know of the owner is of a move that happened meanwhile.
  await database.query(
    `with owner as (select * from unnest($1::int[], $2::text[], $3::int[]) as o(shard, url, generation)),
     updated as (
       update shards set url = owner.url from owner
       where shards.shard = owner.shard and state = 'elsewhere' and shards.generation < owner.generation
         and shards.url <> owner.url
     )
     insert into shards (shard, state, url, generation) select shard, 'elsewhere', url, 0 from owner
     on conflict do nothing`,
    values,
  )
}

/** Opens shards that were arriving. Only once the database they come from says that they have moved here. */
export async function openArrived(
  database: Queries,
  shards: readonly Shard[],
  generation: number,
): Promise<void> {
  await database.query(
    `update shards set state = 'here', came_from = url, url = null
     where shard = any($1) and state = 'arriving' and generation = $2`,
    [shards, generation],
  )
}

/** Nothing is left of the shards at the database that they came from. */
export async function forgetOrigin(
  database: Queries,
  { from, to }: { from: number; to: number },
  origin: string,
): Promise<void> {
  await database.query(
    'update shards set came_from = null where shard between $1 and $2 and came_from = $3',
    [from, to, origin],
  )
}

/** Both ends are among them. */
export function shardsOf({ from, to }: { from: number; to: number }): Shard[] {
  return Array.from({ length: to - from + 1 }, (_, index) => (from + index) as Shard)
}

/** Shards in order, as PostgreSQL reads them. */
export function multirange(shards: readonly Shard[]): string {
  return `{${rangesOf(shards).map(({ from, to }) => `[${from},${to}]`)}}`
}

/** Shards in order as few ranges. */
export function rangesOf(shards: readonly Shard[]): { from: Shard; to: Shard }[] {
  const ranges: { from: Shard; to: Shard }[] = []
  for (const shard of shards) {
    const last = ranges.at(-1)
    if (last && shard === last.to + 1) last.to = shard
    else ranges.push({ from: shard, to: shard })
  }
  return ranges
}
