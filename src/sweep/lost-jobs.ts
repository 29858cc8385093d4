import type { Catalog } from '../catalog/catalog.ts'
import { type Log, onceAMinute } from '../log.ts'
import { failureOf } from '../photo/failure.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import { type Job, jobKey, type Lane } from '../queue/job.ts'
import type { JobQueue, JobState } from '../queue/job-queue.ts'
import type { RunKind } from '../runs/run-kind.ts'

export type JobEngines = { catalog: Catalog; queue: JobQueue }

/** A photo that waits for jobs. */
type Waiting = { id: PhotoId; jobs: Job[] }

/** What photos wait for: who they are, and what becomes of one whose job has failed for good without its row being told. */
type Work = {
  lane: Lane
  read(catalog: Catalog, since: Date, after: PhotoId | null): Promise<Waiting[]>
  /** Null when it is tried again, for ever. */
  giveUp: ((catalog: Catalog, job: Job) => Promise<void>) | null
}

const LOST_AFTER_MS = 30_000
const PAGE = 500

const WORK: readonly Work[] = [
  {
    lane: 'live',
    read: async (catalog, since, after) =>
      (await catalog.photos.unfinished(since, after, PAGE)).map(({ id, isImported }) => ({
        id,
        jobs: [{ kind: isImported ? 'import' : 'resize', photoId: id }],
      })),
    giveUp: async (catalog, { photoId }) => await catalog.photos.fail(photoId, failureOf(null)),
  },
  {
    lane: 'batch',
    read: async (catalog, since, after) =>
      (await catalog.removals.unpurged(since, after, PAGE)).map(({ id }) => ({
        id,
        jobs: [{ kind: 'purge', photoId: id }],
      })),
    giveUp: null,
  },
  {
    lane: 'live',
    read: async (catalog, since, after) =>
      (await catalog.looks.changing(since, after, PAGE)).map(({ id, edition }) => ({
        id,
        jobs: [{ kind: 'filter', photoId: id, edition }],
      })),
    giveUp: async (catalog, { photoId, edition = 0 }) => await catalog.looks.giveUp(photoId, edition),
  },
]

/** A lost job is enqueued again within a minute. */
export const lostJobs: RunKind = {
  name: 'lost jobs',
  pauseMs: 15_000,
  slices: () => [{}],
  work: async function* (engines, _part, log) {
    yield { cursor: null, done: await sweepJobs(engines, log) }
  },
}

/**
 * Enqueues again what lost its job: a server that died between row and job, a queue that was emptied. Gives up what
 * failed for good without its row being told. An error about one photo is logged, and the others are mended.
 *
 * A photo is due when it has waited for 30 s, and for longer than any job of its lane that still waits: those before
 * it have been done, so its own would have been. However many photos wait for busy workers, none of them is asked after.
 * May run at any time, in several servers at once. Returns how many jobs were mended.
 */
export async function sweepJobs(engines: JobEngines, log: Log, now = new Date()): Promise<number> {
  const young = now.getTime() - LOST_AFTER_MS
  const oldest = {
    live: await engines.queue.oldestWaiting('live'),
    batch: await engines.queue.oldestWaiting('batch'),
  }
  let mended = 0
  for (const work of WORK) {
    const since = new Date(Math.min(young, oldest[work.lane]?.getTime() ?? young))
    let after: PhotoId | null = null
    for (;;) {
      const page: Waiting[] = await work.read(engines.catalog, since, after)
      mended += await mendPage(engines, work, page, log)
      if (page.length < PAGE) break
      after = page.at(-1)?.id ?? null
    }
  }
  return mended
}

async function mendPage(
  engines: JobEngines,
  work: Work,
  page: readonly Waiting[],
  log: Log,
): Promise<number> {
  const jobs = page.flatMap((waiting) => waiting.jobs)
  if (jobs.length === 0) return 0
  const states = await engines.queue.states(jobs)
  const tellFailed = onceAMinute((fields, message) => log.error(fields, message))
  const mended = { enqueued: 0, 'given up': 0 }
  let first: Job | null = null
  for (const [index, job] of jobs.entries()) {
    try {
      const how = await mend(engines, work, job, states[index] as JobState, log)
      if (how === 'enqueued') first ??= job
      if (how !== null) mended[how] += 1
    } catch (err) {
      tellFailed({ ...job, err }, 'lost job not mended; the next sweep will')
    }
  }
  // A queue that was emptied has lost one of every photo that waits.
  if (first) log.warn({ jobs: mended.enqueued, first: jobKey(first) }, 'lost jobs enqueued again')
  return mended.enqueued + mended['given up']
}

async function mend(
  { catalog, queue }: JobEngines,
  { giveUp }: Work,
  job: Job,
  state: JobState,
  log: Log,
): Promise<'enqueued' | 'given up' | null> {
  if (state.name === 'pending') return null
  if (state.name === 'failed' && giveUp) {
    await giveUp(catalog, job)
    log.warn(
      { ...job, code: state.code, reason: state.message },
      'what a photo waited for is given up, as its job had failed',
    )
    return 'given up'
  }
  await queue.enqueue(job)
  return 'enqueued'
}
