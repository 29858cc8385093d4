import { scratchPrefix } from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Job } from '../queue/job.ts'
import type { PartAtWork, RunEngines, RunKind, Step } from '../runs/run-kind.ts'
import { type Look, type NextJobs, throughJobs } from '../runs/through-jobs.ts'
import { chosenBy } from './count-selected.ts'
import { YieldingPace } from './pace.ts'
import type { Reprocess } from './reprocess.ts'
import { drawOnce, idsOf, type Sample } from './sample.ts'
import type { ReprocessSlice } from './slice.ts'

/** What a run would be started with, and which of its photos are made to know what it would take. */
export type Sampling = Reprocess & {
  /** There once it is drawn. */
  sample?: Sample
}

/** No more can be made: what each took is read at once. */
export const MAX_SAMPLE = 2_000

/**
 * Some photos are made as a run of `reprocess` would make them, by the same workers at the same pace, to know what it
 * would take: workers/jobs/sample.ts. Nobody sees any of it, and at the end nothing of it is left.
 */
export const sampling: RunKind = {
  name: 'sample',
  pauseMs: null,
  // Whoever starts one says of which photos, as that wants the catalog.
  slices: () => [],
  count: async ({ catalog }, part) => {
    const { sources } = part.slice as ReprocessSlice
    const sample = await drawOnce(catalog, part, 'sample', chosenBy(part.selection as Sampling, sources))
    return sample && idsOf(sample).length
  },
  work: async function* (engines, part): AsyncGenerator<Step> {
    const { queue, store } = engines
    const { pace: limits } = part.selection as Sampling
    const { runs, replicas } = engines.catalog
    const { allow } = new YieldingPace({ queue, runs, replicas }, part.run, limits)
    yield* throughJobs(
      queue,
      part,
      {
        next: async (after, room) => nextJobs(part, Number(after ?? 0), room),
        look: async (jobs) => await look(engines, part.run, jobs),
        giveUp: async () => {},
      },
      { pace: allow, costs: 'kept' },
    )
    // What workers left that were killed.
    await store.delete(await Array.fromAsync(store.list(scratchPrefix(part.run))))
  },
}

function nextJobs({ run, selection }: PartAtWork, start: number, room: number): NextJobs {
  const { sample } = selection as Sampling
  const ids = sample ? idsOf(sample) : []
  const end = Math.min(start + room, ids.length)
  const jobs = ids.slice(start, end).map((photoId): Job => ({ kind: 'sample', photoId, run }))
  return { jobs, cursor: end, isLast: end >= ids.length }
}

/** A photo is done when its worker has told what it took. */
async function look({ catalog }: RunEngines, run: number, jobs: readonly Job[]): Promise<Map<PhotoId, Look>> {
  const told = new Set((await catalog.runCosts.ofRun(run, MAX_SAMPLE)).map(({ photoId }) => photoId))
  const there = new Set(
    (await catalog.photos.findAll(jobs.map(({ photoId }) => photoId))).map(({ id }) => id),
  )
  return new Map(
    jobs
      .filter(({ photoId }) => told.has(photoId) || there.has(photoId))
      .map(({ photoId }) => [photoId, told.has(photoId) ? 'done' : 'due']),
  )
}
