import type { ShardRange } from '../../config/shard-ranges.ts'
import { SetupError } from '../../errors.ts'
import type { Shard } from '../../photo/shard.ts'
import { databaseName } from '../../postgres/connections.ts'
import type { ShardMap } from '../shards/shard-map.ts'
import { give, type Owner, pointTo, shardsOf } from '../shards/shard-places.ts'
import { latestOf } from '../shards/shard-survey.ts'

/**
 * Gives each shard that no database has yet to that of its range, and lets all databases point to one another.
 * What a database has it keeps, whatever the ranges say: only a move takes it elsewhere. So a configuration that
 * forgets a database, or a database that was lost, is noticed instead of replaced by an empty one.
 * Throws SetupError, or EngineUnavailableError when a database that may have a shard does not answer.
 */
export async function giveShards(map: ShardMap, ranges: readonly ShardRange[]): Promise<void> {
  // Also opens what a move left arriving.
  await map.refresh()
  const { places, silent } = await map.survey()
  const latest = latestOf(places)
  const owners: Owner[] = []
  const gifts = new Map<string, Shard[]>()
  for (const range of ranges) {
    for (const shard of shardsOf(range)) {
      const place = latest[shard]
      if (place?.state === 'here') {
        owners.push({ shard, url: place.at, generation: place.generation })
        continue
      }
      for (const error of silent.values()) throw error
      if (place) throw lost(shard, place.url)
      gifts.set(range.url, gifts.get(range.url) ?? [])
      gifts.get(range.url)?.push(shard)
      owners.push({ shard, url: range.url, generation: 1 })
    }
  }

  // First the shards, then what points to them: a pointer to a database without the shard would be a loss.
  await Promise.all([...gifts].map(async ([url, shards]) => await give(map.databaseAt(url), shards)))
  const present = map.heardOf().filter(({ url }) => !silent.has(url))
  await Promise.all(
    present.map(async (database) => {
      const others = owners.filter(({ url }) => url !== database.url)
      if (others.length > 0) await pointTo(database, others)
    }),
  )
}

function lost(shard: Shard, url: string): SetupError {
  return new SetupError(
    `The shard ${shard} was last in ${databaseName(url)}, which does not have it any more. ` +
      'Restore that database from its backup.',
  )
}
