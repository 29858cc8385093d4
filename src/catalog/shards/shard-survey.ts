import { EngineUnavailableError } from '../../errors.ts'
import type { Reads } from '../database/database.ts'
import { readPlaces, type ShardPlace, shardsOf } from './shard-places.ts'

/** A place, and the URL of the database that says so. */
export type SeenPlace = ShardPlace & { at: string }

/** `silent` are the databases that did not answer, and why. */
export type Survey = { places: SeenPlace[]; silent: Map<string, EngineUnavailableError> }

/** Asks the databases at the URLs what they say of shards, and those that they point to, each once. */
export async function surveyShards(
  urls: readonly string[],
  databaseAt: (url: string) => Reads,
): Promise<Survey> {
  const survey: Survey = { places: [], silent: new Map() }
  const asked = new Set<string>()
  let next = [...new Set(urls)]
  while (next.length > 0) {
    for (const url of next) asked.add(url)
    const answers = await Promise.all(next.map(async (at) => await askOne(at, databaseAt(at), survey.silent)))
    survey.places.push(...answers.flat())
    const pointers = answers.flat().flatMap(({ url, cameFrom }) => [url, cameFrom])
    next = [...new Set(pointers)].filter((url) => url !== null && !asked.has(url)) as string[]
  }
  return survey
}

async function askOne(at: string, database: Reads, silent: Survey['silent']): Promise<SeenPlace[]> {
  try {
    return (await readPlaces(database)).map((place) => ({ ...place, at }))
  } catch (error) {
    silent.set(at, toSilence(error))
    return []
  }
}

/** A database without tables is as silent as one that is unavailable. */
function toSilence(error: unknown): EngineUnavailableError {
  if (error instanceof EngineUnavailableError) return error
  return new EngineUnavailableError('It does not tell its shards: `darkroom migrate` may not have run.', {
    cause: error,
  })
}

/** For each shard the place of the highest generation that has it, or knew who does. */
export function latestOf(places: readonly SeenPlace[]): (SeenPlace | undefined)[] {
  const latest: (SeenPlace | undefined)[] = []
  for (const place of places) {
    if (place.state === 'arriving') continue
    for (const shard of shardsOf(place)) {
      const known = latest[shard]
      if (!known || place.generation > known.generation) latest[shard] = place
    }
  }
  return latest
}
