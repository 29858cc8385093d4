import { DarkroomError } from '../errors.ts'
import type { Database, Queries } from './database.ts'
import type { ShardMap } from './shard-map.ts'
import { shardsOf } from './shard-places.ts'
import { latestOf } from './shard-survey.ts'

/** Shards next to each other that move together, and their generation at the source. */
export type Run = { from: number; to: number; generation: number; source: Database; target: Database }

/** Nobody can write to a run while it is switched: so many photos are compared in less than a second. */
const PHOTOS_PER_RUN = 5_000
const SHARDS_PER_RUN = 64

/** Another move works on the same shards, and was faster. */
export class MoveOvertakenError extends DarkroomError {
  readonly code = 'move_overtaken'
  constructor({ from, to }: Run) {
    super(`Another move has taken the shards ${from}-${to}. Let it finish, then run this one again.`)
  }
}

/** What of the range is not at the target yet: neighbours of one database and generation, unless they have many photos. */
export async function planRuns(
  map: ShardMap,
  range: { from: number; to: number },
  target: Database,
): Promise<Run[]> {
  const latest = latestOf((await map.survey()).places)
  const counts = new Map<Database, Map<number, number>>()
  const runs: (Run & { photos: number })[] = []
  for (const shard of shardsOf(range)) {
    const source = map.databaseOf(shard)
    const generation = latest[shard]?.generation
    if (source === target || generation === undefined) continue
    if (!counts.has(source)) counts.set(source, await countPhotos(source, range))
    const photos = counts.get(source)?.get(shard) ?? 0
    const run = runs.at(-1)
    const fits =
      run?.to === shard - 1 &&
      run.source === source &&
      run.generation === generation &&
      run.photos + photos <= PHOTOS_PER_RUN &&
      shard - run.from < SHARDS_PER_RUN
    if (fits) Object.assign(run, { to: shard, photos: run.photos + photos })
    else runs.push({ from: shard, to: shard, generation, source, target, photos })
  }
  return runs
}

/** Photos of each shard that has some rows in the database, whether it is here or not. */
export async function countPhotos(
  database: Queries,
  { from, to }: { from: number; to: number },
): Promise<Map<number, number>> {
  const rows = await database.query<{ shard: number; photos: number }>(
    `select shard_of(id) as shard, count(*)::int as photos from photos
     where shard_of(id) between $1 and $2 group by 1`,
    [from, to],
  )
  return new Map(rows.map(({ shard, photos }) => [shard, photos]))
}
