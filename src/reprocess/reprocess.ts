import type { RemakeWork } from '../catalog/remakes.ts'
import type { Selection, Source } from '../catalog/selected-photos.ts'
import type { Job } from '../queue/job.ts'
import type { RunEngines, RunKind } from '../runs/run-kind.ts'
import { type Look, type NextJobs, throughJobs } from '../runs/through-jobs.ts'
import { type Brakes, braked } from './brake.ts'
import type { Estimate } from './estimate.ts'
import { type PaceLimits, YieldingPace } from './pace.ts'

/** What a run is started with, as JSON: which photos, what is made of them, how fast. */
export type Reprocess = {
  select: Omit<Selection, 'recipes'>
  /** At most so many photos of each part. */
  limit: number | null
  work: RemakeWork
  pace: PaceLimits
  brakes: Brakes
  /** What was asked for, in a text: that of two runs is the same when they would do the same to the same photos. */
  asked?: string
  /** What it was thought to take, by what was made before to know that. */
  estimate?: Estimate | null
}

/** A part: the photos of these sources, one after the other. */
export type ReprocessSlice = { sources: readonly Source[] }

type Cursor = { source: number; at: unknown; taken: number }

const START: Cursor = { source: 0, at: null, taken: 0 }

/** Photos are made anew, each by a job that shows another edition of it: workers/jobs/remake.ts. */
export const reprocess: RunKind = {
  name: 'reprocess',
  pauseMs: null,
  // Whoever starts one cuts it, as that wants the catalog.
  slices: () => [],
  count: async ({ catalog }, part) => {
    const { limit } = part.selection as Reprocess
    const { sources } = part.slice as ReprocessSlice
    let count = 0
    for (const source of sources) count += await catalog.selected.count(source, selectionOf(part.selection))
    return Math.min(count, limit ?? count)
  },
  work: (engines, part) => {
    const { runs, replicas } = engines.catalog
    const { pace: limits, brakes } = part.selection as Reprocess
    const pace = new YieldingPace({ queue: engines.queue, runs, replicas }, part.run, limits)
    return throughJobs(
      engines.queue,
      part,
      {
        next: async (after, room) =>
          await pace.timed(() => nextJobs(engines, part, (after as Cursor | null) ?? START, room)),
        look: async (jobs) => await look(engines, jobs),
        giveUp: async () => {},
      },
      { pace: braked(pace.allow, runs, part.run, brakes), costs: 'counted' },
    )
  },
}

/** Claims the next photos: a photo that is claimed twice is made once, as the later claim. */
async function nextJobs(
  { catalog }: RunEngines,
  { run, ...part }: Parameters<RunKind['work']>[1],
  { source, at, taken }: Cursor,
  room: number,
): Promise<NextJobs> {
  const { limit } = part.selection as Reprocess
  const { sources } = part.slice as ReprocessSlice
  const from = sources[source]
  const most = Math.min(room, (limit ?? Infinity) - taken)
  if (!from || most <= 0) return { jobs: [], cursor: { source, at, taken }, isLast: true }

  const page = await catalog.selected.page(from, selectionOf(part.selection), at, most)
  const editions = new Map((await catalog.remakes.claim(page.ids)).map(({ id, edition }) => [id, edition]))
  const jobs = page.ids.flatMap((photoId): Job[] => {
    const edition = editions.get(photoId)
    return edition === undefined ? [] : [{ kind: 'remake', photoId, edition, run }]
  })
  const seen = taken + page.ids.length + page.passedOver
  const changed = page.ids.length - jobs.length
  return {
    jobs,
    cursor: page.isLast
      ? { source: source + 1, at: null, taken: seen }
      : { source, at: page.cursor, taken: seen },
    isLast: page.isLast && source + 1 >= sources.length,
    skipped: page.passedOver + changed,
    tally: changed > 0 ? { [CHANGED]: changed } : {},
  }
}

const CHANGED = 'changed or removed meanwhile'

async function look({ catalog }: RunEngines, jobs: readonly Job[]): Promise<Map<Job['photoId'], Look>> {
  const states = await catalog.remakes.states(jobs.map(({ photoId }) => photoId))
  return new Map(
    jobs.map(({ photoId, edition = 0 }) => {
      const state = states.get(photoId)?.(edition)
      return [photoId, state === 'done' || state === 'due' ? state : { skippedAs: CHANGED }]
    }),
  )
}

function selectionOf(selection: unknown): Selection {
  const { select, work } = selection as Reprocess
  return { ...select, recipes: work.recipes }
}
