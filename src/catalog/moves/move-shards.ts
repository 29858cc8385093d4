import type { ShardRange } from '../../config/shard-ranges.ts'
import type { Database, Queries } from '../database/database.ts'
import { ShardMap } from '../shards/shard-map.ts'
import { isInShards } from '../shards/shard-order.ts'
import { forgetOrigin, openArrived, shardsOf } from '../shards/shard-places.ts'
import { MoveOvertakenError, planRuns, type Run } from '../shards/shard-run.ts'
import { latestOf } from '../shards/shard-survey.ts'
import { giveShards } from '../tables/give-shards.ts'
import { shareInstallation } from '../tables/installation.ts'
import { migrateDatabase } from '../tables/migrate.ts'
import { SHARDED_ROOTS } from '../tables/sharded-tables.ts'
import { copyRuns, removeRuns } from './copy-runs.ts'
import { allowMove, copyClocks, copyPhotos, copyShards } from './copy-shards.ts'
import { whileHeld } from './hold-shards.ts'
import { olderStatements } from './older-statements.ts'
import { changedSince, forgetChanges, type Mark, markChanges } from './shard-changes.ts'

export const MOVE_STAGES = [
  'prepared',
  'copied',
  'held',
  'verified',
  'switched',
  'opened',
  'removed',
] as const
export type MoveStage = (typeof MOVE_STAGES)[number]

/** Told after each stage of a run of shards. From `held` on nobody writes to the run, until it is `switched`. */
export type OnStage = (stage: MoveStage, run: { from: number; to: number }) => void

/** Rounds of catching up with what is written meanwhile, and how few photos may be left to the last moment. */
const ROUNDS = 5
const FEW = 20
const REMOVED_AT_ONCE = 1_000

/**
 * Moves the shards to the database at a URL, which every process must be able to reach, while everything else goes
 * on. `ranges` is the configuration that those processes have, too.
 *
 * A run of shards is marked as leaving in a moment when nobody writes to it: from then on triggers note which photos
 * change. It is copied while it is written to, and compared with its copy, row by row: what differs now must have been
 * noted. What was noted is copied in rounds, until little is left. For the rest the source takes the lock of its
 * shards, which every writer holds shared from its first row until it commits: now nothing changes. The photos noted
 * since the last round are copied and compared; when they are equal, all are, and the source commits that the shards
 * are elsewhere. However many photos a shard has, its writers wait only for those few.
 *
 * That commit is the switch. Before it only the source serves them. After it never again: its guards refuse every
 * statement whose snapshot is younger, and an older snapshot sees the rows as they all were, because they are removed
 * when the statements have ended that have one. From then on the target has everything, and opens the shards; whoever finds them elsewhere may do that too.
 * Last the old rows are removed.
 *
 * Killed before the switch, a move leaves copies that nobody reads and that the next move mends. Killed after, the
 * next move, or whoever asks for a photo, opens; the next move removes, as the target keeps where the shards came from. Two moves at once do no harm: one of them
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

  const mark = await whileHeld(run, async (held) => await markChanges(held, run))
  await copyShards(run)
  await copyShards(run, async (ids) => await expectChanged(run, ids, mark))
  onStage('copied', run)

  await switchRun(run, await catchUp(run, mark), onStage)
  onStage('switched', run)

  await openArrived(target, shardsOf(run), generation + 1)
  onStage('opened', run)
  await removeMoved(source, run)
  await forgetOrigin(target, run, source.url)
  onStage('removed', run)
}

/** What differed from its copy the second time can only have changed meanwhile. */
async function expectChanged(run: Run, ids: readonly string[], mark: Mark): Promise<void> {
  const changed = new Set(await changedSince(run.source, run, mark))
  if (ids.every((id) => changed.has(id))) return
  // Another move may have switched the run meanwhile, and its notes are gone with it: that is told first.
  await whileHeld(run, async () => {})
  throw differ(run)
}

/** Copies what changed while the run was copied, until few photos are left to the last moment. */
async function catchUp(run: Run, from: Mark): Promise<Mark> {
  let mark = from
  for (let round = 1; round <= ROUNDS; round++) {
    const next = await whileHeld(run, async (held) => await markChanges(held, run))
    const since = mark
    const changed = await run.source.transaction(async (source) => {
      const ids = await changedSince(source, run, since)
      await copyPhotos(source, run, ids)
      return ids.length
    })
    mark = next
    if (changed <= FEW) break
  }
  return mark
}

async function switchRun(run: Run, mark: Mark, onStage: OnStage): Promise<void> {
  await whileHeld(run, async (held) => {
    onStage('held', run)
    const changed = await changedSince(held, run, mark)
    await copyPhotos(held, run, changed)
    if ((await copyPhotos(held, run, changed)).length > 0) throw differ(run)
    await copyClocks(held, run)
    await copyRuns(held, run)
    onStage('verified', run)
    await held.query(
      `update shards set state = 'elsewhere', url = $3, is_leaving = false where shard between $1 and $2`,
      [run.from, run.to, run.target.url],
    )
    await forgetChanges(held, run)
  })
}

function differ({ from, to }: Run): Error {
  return new Error(`Copies of photos in the shards ${from}-${to} differ from them.`)
}

/** Announces the shards at the target, where they may have been before. */
async function prepare(run: Run): Promise<void> {
  const prepared = await run.target.query(
    `insert into shards (shard, state, url, generation)
     select shard, 'arriving', $3, $4 from generate_series($1::int, $2::int) shard
     on conflict (shard) do update set state = excluded.state, url = excluded.url, generation = excluded.generation,
       is_leaving = false
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
    if (from > to || !isElsewhere) continue
    await removeMoved(map.databaseAt(at), { from, to })
    for (const place of places.filter(({ cameFrom }) => cameFrom === at))
      await forgetOrigin(map.databaseAt(place.at), { from, to }, at)
  }
}

/** Deletes what a database still keeps of shards that have moved away, and of no others, when no statement counts on it. */
async function removeMoved(database: Database, { from, to }: { from: number; to: number }): Promise<void> {
  await olderStatements(database)
  let isLeft: boolean
  do {
    isLeft = await database.transaction(async (queries) => {
      await allowMove(queries)
      const rows = await queries.query<{ shard: number }>(
        `select shard from shards
         where shard between $1 and $2 and state = 'elsewhere' and generation > 0 order by shard for update`,
        [from, to],
      )
      const shards = rows.map(({ shard }) => shard)
      await removeRuns(queries, shards)
      await queries.query('delete from shard_clocks where shard = any($1)', [shards])
      return await removeRows(queries, shards)
    })
  } while (isLeft)
}

/** So many of each table; true when there may be more. */
async function removeRows(queries: Queries, shards: readonly number[]): Promise<boolean> {
  let isLeft = false
  for (const { table, id, number } of SHARDED_ROOTS) {
    const removed = await queries.query(
      `delete from ${table}
       where ${id} = any(array(
         select p.${id} from unnest($1::int[]) as moved(shard)
           join ${table} p on ${isInShards('moved.shard', 'moved.shard', number)}
         limit ${REMOVED_AT_ONCE})) returning ${id}`,
      [shards],
    )
    isLeft ||= removed.length === REMOVED_AT_ONCE
  }
  return isLeft
}
