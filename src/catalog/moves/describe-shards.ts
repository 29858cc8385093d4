import type { ShardRange } from '../../config/shard-ranges.ts'
import { databaseName } from '../../postgres/connections.ts'
import { countPhotos, type PhotoCount } from '../runs/count-photos.ts'
import { ShardMap } from '../shards/shard-map.ts'
import { rangesOf, shardsOf } from '../shards/shard-places.ts'
import { latestOf } from '../shards/shard-survey.ts'

/** Shards next to each other in one database; `left` are rows that a move has not removed yet. */
export type ShardLine = PhotoCount & {
  database: string
  from: number
  to: number
  state: 'here' | 'arriving' | 'left'
}

export type ShardDescription = {
  lines: ShardLine[]
  /** Databases that do not answer, and why, as sentences. */
  silent: { database: string; reason: string }[]
  /** Shards that are not where the configuration says. */
  moved: { from: number; to: number }[]
}

/** Where all shards are, with their photos; asks each database, and goes on past those that do not answer. */
export async function describeShards(ranges: readonly ShardRange[]): Promise<ShardDescription> {
  await using map = new ShardMap(ranges, { connections: 2 })
  await map.refresh()
  const { places, silent } = await map.survey()
  const lines = await Promise.all(
    places.map(async ({ at, from, to, state }): Promise<ShardLine[]> => {
      const count = await countPhotos(map.databaseAt(at), { from, to })
      if (state === 'elsewhere' && count.photos === 0) return []
      return [
        { database: databaseName(at), from, to, state: state === 'elsewhere' ? 'left' : state, ...count },
      ]
    }),
  )
  const latest = latestOf(places)
  const moved = ranges.flatMap((range) =>
    shardsOf(range).filter((shard) => latest[shard]?.state === 'here' && latest[shard].at !== range.url),
  )
  return {
    lines: lines.flat(),
    silent: [...silent].map(([url, { message, cause }]) => ({
      database: databaseName(url),
      reason: cause instanceof Error ? `${message} (${cause.message})` : message,
    })),
    moved: rangesOf(moved),
  }
}
