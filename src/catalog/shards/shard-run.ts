import { DarkroomError, EngineUnavailableError } from '../../errors.ts'
import type { Database } from '../database/database.ts'
import type { ShardMap } from './shard-map.ts'
import { SHARDS_PER_RUN, shardsOf } from './shard-places.ts'
import { latestOf } from './shard-survey.ts'

/** Shards next to each other that move together, and their generation at the source. */
export type Run = { from: number; to: number; generation: number; source: Database; target: Database }

/** Another move works on the same shards, and was faster. */
export class MoveOvertakenError extends DarkroomError {
  readonly code = 'move_overtaken'
  constructor({ from, to }: { from: number; to: number }) {
    super(`Another move has taken the shards ${from}-${to}. Let it finish, then run this one again.`)
  }
}

/**
 * What of the range is not at the target yet: neighbours of one database and generation. Throws EngineUnavailableError
 * when the database that has a shard does not tell of it.
 */
export async function planRuns(
  map: ShardMap,
  range: { from: number; to: number },
  target: Database,
): Promise<Run[]> {
  const { places, silent } = await map.survey()
  const latest = latestOf(places)
  const runs: Run[] = []
  for (const shard of shardsOf(range)) {
    const source = map.databaseOf(shard)
    const generation = latest[shard]?.generation
    if (source === target) continue
    if (generation === undefined) {
      throw silent.get(source.url) ?? new EngineUnavailableError(`No database tells of the shard ${shard}.`)
    }
    const run = runs.at(-1)
    const fits =
      run?.to === shard - 1 &&
      run.source === source &&
      run.generation === generation &&
      shard - run.from < SHARDS_PER_RUN
    if (fits) run.to = shard
    else runs.push({ from: shard, to: shard, generation, source, target })
  }
  return runs
}
