import { setTimeout as sleep } from 'node:timers/promises'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { recipeNumbers } from '../src/photo/recipe.ts'
import { type Reprocess, reprocess } from '../src/reprocess/reprocess.ts'
import { selectionOf } from '../src/reprocess/select.ts'
import type { Home } from './darkroom.ts'

const POLL_MS = 50

/** What makes all of these photos anew, as fast as it can. */
export function reprocessOf({ services: { presets, filters } }: Home): Reprocess {
  const all = {
    state: 'all',
    from: null,
    to: null,
    newestFirst: true,
    owners: null,
    ids: null,
    shards: null,
    limit: null,
  } as const
  return {
    select: selectionOf(all, new Date(Date.now() + 1_000)),
    limit: null,
    pace: { rate: null, share: null },
    brakes: { maxFailures: null },
    work: {
      presets: null,
      formats: null,
      extent: 'everything',
      recipes: recipeNumbers(presets, filters.digests),
      maxDifference: 6,
      keepSeconds: 3_600,
    },
  }
}

/** Starts a run of these photos, and returns its number. */
export async function startRun(home: Home, ids: readonly PhotoId[]): Promise<number> {
  const slices = [{ sources: [{ by: 'id', ids }] }]
  return await home.services.catalog.runs.start({
    kind: reprocess.name,
    selection: reprocessOf(home),
    slices,
  })
}

/** Resolves when its first photos are in the queue: a server looks for runs every five seconds. */
export async function untilBegun({ services: { catalog } }: Home, run: number): Promise<void> {
  while ((await catalog.runs.find(run)).inFlight === 0) await sleep(POLL_MS)
}

/** Resolves with the time of its last step. Throws unless each photo is done. */
export async function untilComplete({ services: { catalog } }: Home, run: number): Promise<Date> {
  for (;;) {
    const { state, selected, done, movedAt, reason } = await catalog.runs.find(run)
    if (state === 'complete' && done === selected) return movedAt as Date
    if (state !== 'running') throw new Error(`the run is ${state}: ${done} of ${selected}, ${reason}`)
    await sleep(POLL_MS)
  }
}
