import type { RemakeWork } from '../catalog/runs/remakes.ts'
import type { Range, Selection, Source } from '../catalog/runs/selected-photos.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { Job } from '../queue/job.ts'
import type { RunEngines, RunKind, Step } from '../runs/run-kind.ts'
import { type Look, type NextJobs, throughJobs } from '../runs/through-jobs.ts'
import { type Brakes, braked } from './brake.ts'
import { afterCanary } from './canary.ts'
import { chosenBy, countSelected } from './count-selected.ts'
import type { Estimate } from './estimate.ts'
import { type PaceLimits, YieldingPace } from './pace.ts'
import { drawOnce, idsOf, type Sample } from './sample.ts'
import type { ReprocessSlice } from './slice.ts'

/** What a run is started with, as JSON: which photos, what is made of them, how fast. */
export type Reprocess = {
  select: Omit<Selection, 'recipes'>
  /** At most so many photos of each part. */
  limit: number | null
  work: RemakeWork
  pace: PaceLimits
  brakes: Brakes
  /** So many are drawn for its canary, before any is made. */
  draw?: number
  /** Which photos are made before somebody looks at them, and of what kinds all are; there once they are drawn. */
  canary?: Sample
  /** Whether they are, and the run was paused for that. */
  isCanaryMade?: boolean
  /** What was asked for, in a text: that of two runs is the same when they would do the same to the same photos. */
  asked?: string
  /** What it was thought to take, by what was made before to know that. */
  estimate?: Estimate | null
  /** Which photos were chosen, to be told: of a list how many there are, and when they were taken in. */
  chosen?: {
    owners: readonly OwnerId[] | null
    ids: number | null
    shards: Range | null
    from: string | null
    to: string | null
  }
  /** The run whose failures are tried again. */
  retries?: number
}

type Cursor = { source: number; at: unknown; taken: number }

const START: Cursor = { source: 0, at: null, taken: 0 }

/** Photos are made anew, each by a job that shows another edition of it: workers/jobs/remake.ts. */
export const reprocess: RunKind = {
  name: 'reprocess',
  pauseMs: null,
  // Whoever starts one cuts it, as that wants the catalog.
  slices: () => [],
  count: async ({ catalog }, part) => {
    const run = part.selection as Reprocess
    const { sources, isCanary } = part.slice as ReprocessSlice
    const chosen = chosenBy(run, sources)
    if (isCanary) {
      const drawn = await drawOnce(catalog, part, 'canary', chosen)
      return drawn && idsOf(drawn).length
    }
    if (run.draw !== undefined && !run.canary) return null
    const count = await countSelected(catalog.selected, chosen, {
      except: canaryOf(part.selection),
      until: part.pausing,
    })
    return count.isAll ? count.photos : null
  },
  work: async function* (engines, part): AsyncGenerator<Step> {
    const { isCanary } = part.slice as ReprocessSlice
    const { runs, replicas } = engines.catalog
    const { pace: limits, brakes, canary } = part.selection as Reprocess
    const pace = new YieldingPace({ queue: engines.queue, runs, replicas }, part.run, limits)
    const allow = braked(pace.allow, runs, part.run, brakes)
    yield* throughJobs(
      engines.queue,
      part,
      {
        next: async (after, room) =>
          await pace.timed(() => nextJobs(engines, part, (after as Cursor | null) ?? START, room)),
        look: async (jobs) => await look(engines, jobs),
        giveUp: async () => {},
      },
      {
        pace: canary && !isCanary ? afterCanary(allow, runs, part.run) : allow,
        costs: isCanary ? 'kept' : 'counted',
      },
    )
    // Once: a server that is stopped before it has ended the part leaves it to the next, which comes here when the run is resumed.
    if (isCanary && !part.pausing.aborted)
      await runs.hold(part.run, lookAtThem(part.run), { once: 'isCanaryMade' })
  },
}

/** Claims the next photos: a photo that is claimed twice is made once, as the later claim. */
async function nextJobs(
  { catalog }: RunEngines,
  { run, ...part }: Parameters<RunKind['work']>[1],
  { source, at, taken }: Cursor,
  room: number,
): Promise<NextJobs> {
  const { isCanary, ...slice } = part.slice as ReprocessSlice
  const canary = canaryOf(part.selection)
  const sources: readonly Source[] = isCanary ? [{ by: 'id', ids: canary }] : slice.sources
  const { selection, limit } = chosenBy(part.selection as Reprocess, sources)
  const except = isCanary ? [] : canary
  const from = sources[source]
  const most = Math.min(room, (limit ?? Infinity) - except.length - taken)
  if (!from || most <= 0) return { jobs: [], cursor: { source, at, taken }, isLast: true }

  const page = await catalog.selected.page(from, selection, at, most)
  const ids = page.ids.filter((id) => !except.includes(id))
  const editions = new Map((await catalog.remakes.claim(ids)).map(({ id, edition }) => [id, edition]))
  const jobs = ids.flatMap((photoId): Job[] => {
    const edition = editions.get(photoId)
    return edition === undefined ? [] : [{ kind: 'remake', photoId, edition, run }]
  })
  const seen = taken + ids.length + page.passedOver
  const changed = ids.length - jobs.length
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

const lookAtThem = (run: number) =>
  `the canary is made: look at it, and go on with \`darkroom runs resume ${run}\``

const CHANGED = 'changed or removed meanwhile'

async function look({ catalog }: RunEngines, jobs: readonly Job[]): Promise<Map<PhotoId, Look>> {
  const { remakes } = catalog
  const found = await remakes.states(jobs.map(({ photoId }) => photoId))
  const states = jobs.map((job) => ({ job, state: found.get(job.photoId)?.(job.edition ?? 0) }))
  const overtaken = states.filter(({ state }) => state === 'overtaken').map(({ job }) => job.photoId)
  const editions = new Map((await remakes.claim(overtaken)).map(({ id, edition }) => [id, edition]))
  return new Map(
    states.map(({ job, state }): [PhotoId, Look] => {
      const edition = editions.get(job.photoId)
      if (edition !== undefined) return [job.photoId, { instead: { ...job, edition } }]
      return [job.photoId, state === 'done' || state === 'due' ? state : { skippedAs: CHANGED }]
    }),
  )
}

/** Those of the canary, which are not made again with the others. */
function canaryOf(selection: unknown): readonly PhotoId[] {
  const { canary } = selection as Reprocess
  return canary ? idsOf(canary) : []
}
