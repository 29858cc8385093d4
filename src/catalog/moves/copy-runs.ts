import type { Queries } from '../database/database.ts'
import { RUNS_SHARD } from '../runs/runs.ts'
import type { Run } from '../shards/shard-run.ts'
import { FIRST_SHARD_TABLES, RUN_TABLES } from '../tables/sharded-tables.ts'
import { lockArriving } from './copy-shards.ts'

const PAGE = 10_000

/**
 * Copies the runs, and what else lies beside their shard, when that is among those that move. Nobody writes to them meanwhile, and they
 * are few: so they are copied whole, in the moment before the switch. Servers go on with their parts at the target.
 */
export async function copyRuns(source: Queries, run: Run): Promise<void> {
  if (run.from > RUNS_SHARD) return
  await run.target.transaction(async (target) => {
    await lockArriving(target, run)
    await removeAll(target)
    for (const table of [...RUN_TABLES, ...FIRST_SHARD_TABLES]) await copyTable(source, target, table)
    await target.query(
      `select setval(pg_get_serial_sequence('runs', 'id'), max(id)) from runs having max(id) is not null`,
    )
  })
}

/** Deletes them of a database that their shard has left. */
export async function removeRuns(queries: Queries, shards: readonly number[]): Promise<void> {
  if (shards.includes(RUNS_SHARD)) await removeAll(queries)
}

/** All else of a run goes with it. */
async function removeAll(queries: Queries): Promise<void> {
  for (const table of ['runs', ...FIRST_SHARD_TABLES]) await queries.query(`delete from ${table}`)
}

/** @NOTE Rows go as text: a JavaScript number would round the ids. */
async function copyTable(
  source: Queries,
  target: Queries,
  table: (typeof RUN_TABLES | typeof FIRST_SHARD_TABLES)[number],
): Promise<void> {
  await source.query(`declare copied no scroll cursor for select to_jsonb(t)::text as row from ${table} t`)
  for (;;) {
    const rows = await source.query<{ row: string }>(`fetch ${PAGE} from copied`)
    await target.query(
      `insert into ${table} select t.* from unnest($1::text[]) as copied(row),
         jsonb_populate_record(null::${table}, row::jsonb) as t`,
      [rows.map(({ row }) => row)],
    )
    if (rows.length < PAGE) break
  }
  await source.query('close copied')
}
