import type { ShardRange } from '../config/shard-ranges.ts'
import { sqlStateOf } from '../postgres-errors.ts'
import { allowMove, copyShards } from './copy-shards.ts'
import type { Database, Queries } from './database.ts'
import { giveShards } from './give-shards.ts'
import { shareInstallation } from './installation.ts'
import { migrateDatabase } from './migrate.ts'
import { ShardMap } from './shard-map.ts'
import { openArrived, shardsOf } from './shard-places.ts'
import { MoveOvertakenError, planRuns, type Run } from './shard-run.ts'
import { latestOf } from './shard-survey.ts'

export const MOVE_STAGES = ['prepared', 'copied', 'verified', 'switched', 'opened', 'removed'] as const
export type MoveStage = (typeof MOVE_STAGES)[number]

/** Told after each stage of a run of shards. At `verified` the run is locked and about to be switched. */
export type OnStage = (stage: MoveStage, run: { from: number; to: number }) => void

/** What `hold_shard` in the migration takes shared. */
const SHARD_LOCK = 7_266_766
/** Passes over a run while it is written to, and how few differences are left to the pass that keeps writers out. */
const COPIES = 5
const FEW = 20
const SWITCHES = 5
const REMOVED_AT_ONCE = 1_000
const DEADLOCK = '40P01'

/**
 * Moves the shards to the database at a URL, which every process must be able to reach, while everything else goes
 * on. `ranges` is the configuration that those processes have, too.
 *
 * A run of shards is copied while it is written to. Then the source takes the lock of its shards, which every
 * writer holds shared from its first row until it commits: now nothing changes. What changed since is copied, and
 * all of it compared; when every row is equal, the source commits that the shards are elsewhere. That commit is the
 * switch. Before it only the source serves them. After it never again: its guards refuse every statement whose
 * snapshot is younger, and an older snapshot sees the rows as they all were, because they are removed later. From
 * then on the target has everything, and opens the shards; whoever finds them elsewhere may do that too. Last the
 * old rows are removed.
 *
 * Killed before the switch, a move leaves copies that nobody reads and that the next move mends. Killed after, the
 * next move, or whoever asks for a photo, opens; the next move removes. Two moves at once do no harm: one of them
 * switches, in its generation, and from there on the other one's pages and switch are refused.
 *
 * Throws MoveOvertakenError, and EngineUnavailableError when a database does not answer: then run it again.
 */
export async function moveShards(
  ranges: readonly ShardRange[],
  range: { from: number; to: number },
  to: string,
  onStage: OnStage = () => {},
): Promise<void> {
  await using map = new ShardMap(ranges, { connections: 2 })
  const target = map.databaseAt(to)
  await migrateDatabase(to)
  await shareInstallation([...map.databases(), target])
  // Opens what an earlier move had switched and not opened, too.
  await giveShards(map, ranges)
  for (const run of await planRuns(map, range, target)) await moveRun(run, onStage)
  await removeLeavings(map, range)
}

async function moveRun(run: Run, onStage: OnStage): Promise<void> {
  const { source, target, generation } = run
  await prepare(run)
  onStage('prepared', run)

  for (let copy = 1; copy <= COPIES; copy++) {
    const different = await source.transaction(async (queries) => await copyShards(queries, run))
    if (different <= FEW) break
  }
  onStage('copied', run)

  await switchRun(run, onStage)
  onStage('switched', run)

  await openArrived(target, shardsOf(run), generation + 1)
  onStage('opened', run)
  await removeMoved(source, run)
  onStage('removed', run)
}

async function switchRun(run: Run, onStage: OnStage): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run.source.transaction(async (queries) => await lockAndSwitch(queries, run, onStage))
    } catch (error) {
      // A statement about photos of many shards may wait for us as we wait for it: PostgreSQL ends one of both.
      if (sqlStateOf(error) !== DEADLOCK || attempt === SWITCHES) throw error
    }
  }
}

async function lockAndSwitch(queries: Queries, run: Run, onStage: OnStage): Promise<void> {
  const shards = [run.from, run.to]
  // If we vanish now, the server must not keep writers out for long.
  await queries.query("set local idle_in_transaction_session_timeout = '60s'")
  await queries.query(
    `select pg_advisory_xact_lock(${SHARD_LOCK}, shard) from generate_series($1::int, $2::int) shard`,
    shards,
  )
  const held = await queries.query(
    `select from shards where shard between $1 and $2 and generation = $3 and state = 'here' for update`,
    [...shards, run.generation],
  )
  if (held.length !== run.to - run.from + 1) throw new MoveOvertakenError(run)
  const different = await copyShards(queries, run)
  if (different > 0 && (await copyShards(queries, run)) > 0) {
    throw new Error(`Copies of photos in the shards ${run.from}-${run.to} differ from them.`)
  }
  onStage('verified', run)
  await queries.query(`update shards set state = 'elsewhere', url = $3 where shard between $1 and $2`, [
    ...shards,
    run.target.url,
  ])
}

/** Announces the shards at the target, where they may have been before. */
async function prepare(run: Run): Promise<void> {
  const prepared = await run.target.query(
    `insert into shards (shard, state, url, generation)
     select shard, 'arriving', $3, $4 from generate_series($1::int, $2::int) shard
     on conflict (shard) do update set state = excluded.state, url = excluded.url, generation = excluded.generation
     where shards.state <> 'here' and shards.generation <= excluded.generation
     returning shard`,
    [run.from, run.to, run.source.url, run.generation + 1],
  )
  if (prepared.length !== run.to - run.from + 1) throw new MoveOvertakenError(run)
}

/** What moves that were killed have left behind. */
async function removeLeavings(map: ShardMap, range: { from: number; to: number }): Promise<void> {
  const { places } = await map.survey()
  const latest = latestOf(places)
  for (const { at, state, generation, ...place } of places) {
    if (state !== 'elsewhere' || generation === 0) continue
    const from = Math.max(place.from, range.from)
    const to = Math.min(place.to, range.to)
    const isElsewhere = shardsOf({ from, to: Math.max(from, to) }).every(
      (shard) => latest[shard]?.state === 'here',
    )
    if (from <= to && isElsewhere) await removeMoved(map.databaseAt(at), { from, to })
  }
}

/** Deletes what a database still keeps of shards that have moved away, and of no others. */
async function removeMoved(database: Database, { from, to }: { from: number; to: number }): Promise<void> {
  let removed: unknown[]
  do {
    removed = await database.transaction(async (queries) => {
      await allowMove(queries)
      const rows = await queries.query<{ shard: number }>(
        `select shard from shards
         where shard between $1 and $2 and state = 'elsewhere' and generation > 0 order by shard for update`,
        [from, to],
      )
      const shards = rows.map(({ shard }) => shard)
      await queries.query('delete from shard_clocks where shard = any($1)', [shards])
      return await queries.query(
        `delete from photos
         where id in (select id from photos where shard_of(id) = any($1) limit ${REMOVED_AT_ONCE}) returning id`,
        [shards],
      )
    })
  } while (removed.length === REMOVED_AT_ONCE)
}
