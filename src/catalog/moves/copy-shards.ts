import type { Queries, Select } from '../database/database.ts'
import { isInShards } from '../shards/shard-order.ts'
import { MoveOvertakenError, type Run } from '../shards/shard-run.ts'
import { SHARDED_ROOTS, type ShardedRoot } from '../tables/sharded-tables.ts'

const PAGE = 500

type Digest = Place & { digest: string }
/** Of a row, in the order in which those of a run are read: its number, then its id. */
type Place = { number: string; id: string }

/**
 * All rows of an id as one value, which is the same in every database that has the same rows: columns stand in the
 * order of the migrations, rows in that of their bytes, whatever the database's own is.
 */
function digestsOf(root: ShardedRoot): Select {
  const rows = tablesOf(root).map(({ table, id }) => {
    const row = root.own ? `(to_jsonb(each) - '${root.own}')::text collate "C"` : `each::text collate "C"`
    return `(select string_agg(${row}, ',' order by ${row}) from ${table} each where each.${id} = p.${root.id})`
  })
  return `select p.${root.id}::text as id, ${root.number}::text as number, md5(concat(${rows})) as digest from ${root.table} p`
}

const tablesOf = ({ table, id, with: others }: ShardedRoot) => [{ table, id }, ...others]

/** What decides how a value is written as text; and the leave to write where the shards are not. */
const MOVE_SETTINGS = `
  select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true),
    set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true),
    set_config('darkroom.moves_shards', 'yes', true)`

/** Sets what copying wants of a transaction, until that ends. */
export async function allowMove(queries: Queries): Promise<void> {
  await queries.query(MOVE_SETTINGS)
}

/**
 * Makes the target's copy of a run equal to what the source has, photo by photo: what differs is copied, what is
 * gone is deleted. `onDifferent` is told of these photos, page by page; when it is told of none, every row was read on
 * both sides and was equal. Each page is read on both sides and mended under the lock of the target's rows, so that of
 * two copies of the same run the later one always has the later state of the source. Throws MoveOvertakenError when
 * the run is no more arriving.
 */
export async function copyShards(
  run: Run,
  onDifferent: (ids: readonly string[]) => Promise<void> = async () => {},
): Promise<void> {
  for (const root of SHARDED_ROOTS) await copyRoot(run, root, onDifferent)
}

async function copyRoot(
  run: Run,
  root: ShardedRoot,
  onDifferent: (ids: readonly string[]) => Promise<void>,
): Promise<void> {
  let after: Place | null = START
  while (after) {
    const start: Place = after
    const page = async (source: Queries, target: Queries) => {
      const wanted = await readDigests(source, root, { run, after: start, until: END, limit: PAGE })
      const last = wanted.length === PAGE ? (wanted.at(-1) as Digest) : null
      const found = await readDigests(target, root, { run, after: start, until: last ?? END, limit: null })
      return { last, different: await mend(source, target, { root, wanted, found }) }
    }
    const { last, different } = await run.source.transaction(
      async (source) => await onBoth(source, run, page),
    )
    if (different.length > 0) await onDifferent(different)
    after = last
  }
}

/** As copyShards, of these photos of the run alone. Returns those that differed. */
export async function copyPhotos(source: Queries, run: Run, ids: readonly string[]): Promise<string[]> {
  const different: string[] = []
  for (let start = 0; start < ids.length; start += PAGE) {
    const page = [ids.slice(start, start + PAGE)]
    const copied = await onBoth(source, run, async (source, target) => {
      const mended: string[] = []
      for (const root of SHARDED_ROOTS) {
        const these = `${digestsOf(root)} where p.${root.id} = any($1)`
        const wanted = await source.query<Digest>(these, page)
        const found = await target.query<Digest>(these, page)
        mended.push(...(await mend(source, target, { root, wanted, found })))
      }
      return mended
    })
    different.push(...copied)
  }
  return different
}

/** In a transaction of the source's, work in one of the target's in which nobody else copies the run. */
async function onBoth<Result>(
  source: Queries,
  run: Run,
  work: (source: Queries, target: Queries) => Promise<Result>,
): Promise<Result> {
  await allowMove(source)
  return await run.target.transaction(async (target) => {
    await lockArriving(target, run)
    return await work(source, target)
  })
}

const START: Place = { number: '-1', id: '-1' }
const MAX = String(2n ** 63n - 1n)
const END: Place = { number: MAX, id: MAX }

/** Keeps everybody else from copying the run to the target. Throws MoveOvertakenError when it is no more arriving. */
export async function lockArriving(target: Queries, run: Run): Promise<void> {
  const rows = await target.query(
    `select from shards
     where shard between $1 and $2 and state = 'arriving' and generation = $3 and url = $4
     order by shard for update`,
    [run.from, run.to, run.generation + 1, run.source.url],
  )
  if (rows.length !== run.to - run.from + 1) throw new MoveOvertakenError(run)
  await allowMove(target)
}

async function readDigests(
  queries: Queries,
  root: ShardedRoot,
  { run, after, until, limit }: { run: Run; after: Place; until: Place; limit: number | null },
): Promise<Digest[]> {
  const place = `(${root.number}, p.${root.id})`
  return await queries.query<Digest>(
    `${digestsOf(root)}
     where ${isInShards('$1', '$2', root.number)}
       and ${place} > ($3::bigint, $4::bigint) and ${place} <= ($5::bigint, $6::bigint)
     order by ${root.number}, p.${root.id} limit $7`,
    [run.from, run.to, after.number, after.id, until.number, until.id, limit],
  )
}

async function mend(
  source: Queries,
  target: Queries,
  { root, wanted, found }: { root: ShardedRoot; wanted: readonly Digest[]; found: readonly Digest[] },
): Promise<string[]> {
  const copies = new Map(found.map(({ id, digest }) => [id, digest]))
  const stale = wanted.filter(({ id, digest }) => copies.get(id) !== digest).map(({ id }) => id)
  const kept = new Set(wanted.map(({ id }) => id))
  const gone = found.filter(({ id }) => !kept.has(id)).map(({ id }) => id)
  if (stale.length + gone.length === 0) return []

  // As text: a JavaScript number would round the ids. Whole rows: columns of later migrations come along.
  await target.query(`delete from ${root.table} where ${root.id} = any($1)`, [[...stale, ...gone]])
  for (const { table, id } of tablesOf(root)) {
    const rows = await source.read<{ row: string }>(
      `select to_jsonb(each)::text as row from ${table} each where ${id} = any($1)`,
      [stale],
    )
    await target.query(
      `insert into ${table} select each.* from unnest($1::text[]) as copied(row),
         jsonb_populate_record(null::${table}, row::jsonb) as each`,
      [rows.map(({ row }) => row)],
    )
  }
  return [...stale, ...gone]
}

/** So that ids go on after the last one made, whatever the clock of the other machine says. */
export async function copyClocks(source: Queries, run: Run): Promise<void> {
  await run.target.transaction(async (target) => {
    await lockArriving(target, run)
    const clocks = await source.read<{ shard: number; last: string }>(
      'select shard, last::text from shard_clocks where shard between $1 and $2',
      [run.from, run.to],
    )
    await target.query(
      `insert into shard_clocks as clock (shard, last) select * from unnest($1::smallint[], $2::bigint[])
       on conflict (shard) do update set last = greatest(clock.last, excluded.last)`,
      [clocks.map(({ shard }) => shard), clocks.map(({ last }) => last)],
    )
  })
}
