import { setTimeout as sleep } from 'node:timers/promises'
import type { Tally } from '../catalog/runs/reported-runs.ts'
import type { PhotoFailure } from '../catalog/runs/runs.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { FailureReason } from '../queue/failure-reason.ts'
import type { Job } from '../queue/job.ts'
import type { JobQueue, JobState } from '../queue/job-queue.ts'
import type { PartAtWork, Step } from './run-kind.ts'

/** So many jobs of a part are promised at a time: a kill repeats no more, and the queue stays short. */
const WINDOW = 50
/** Between two looks at them; longer while none ends. */
const LOOK_MS = 250
const MAX_LOOK_MS = 2_000
/** A job that is gone and has not done its work was lost by the queue. It is promised so often. */
const MAX_PROMISES = 3
const NOT_DONE = { code: 'not_done', message: 'Its jobs ended without having done their work.' }

/** The jobs of the next photos, and the place behind them; those that need none are skipped. */
export type NextJobs = {
  jobs: readonly Job[]
  cursor: unknown
  isLast: boolean
  skipped?: number
  tally?: Tally
}

/**
 * What is to become of a job that has ended: its photo is done, is still to be done, by this job or another instead of
 * it, or needs nothing any more.
 */
export type Look = 'done' | 'due' | { instead: Job } | { skippedAs: string }

export type JobsWork = {
  /** Those after the cursor, which begins as null. */
  next(after: unknown, limit: number): Promise<NextJobs>
  /** Of these jobs what is to become of their photos. Those left out need nothing any more. */
  look(jobs: readonly Job[]): Promise<Map<PhotoId, Look>>
  /** What becomes of a photo whose job has failed for good, as when its row was not told. Again changes nothing. */
  giveUp(job: Job): Promise<void>
}

/** How many jobs may be promised now beside so many that have not ended, and what holds them back, for an operator. */
export type Pace = (open: number) => Promise<{ jobs: number; heldBecause: string | null }>

/** As many as fit into a window, when half of it has ended. */
export function steadily(window = WINDOW): Pace {
  return async (open) => ({ jobs: open <= window / 2 ? window - open : 0, heldBecause: null })
}

export type JobsOptions = {
  pace?: Pace
  lookMs?: number
  /** What workers tell that photos took is counted, and each photo's forgotten or kept. */
  costs?: 'counted' | 'kept'
}

type Counts = { done: number; skipped: number; failed: PhotoFailure[]; tally: Record<string, number> }

/**
 * Does a part's photos by jobs of the queue, a few of them at a time. A photo stands in the part before its job is
 * promised, and leaves it when its job has ended: so at every moment each photo up to the cursor is counted once, or in
 * flight. What another server had in flight is looked at, and promised again when it is still to be done; but nothing is
 * promised any more, not even again, when `pausing` is aborted.
 */
export async function* throughJobs(
  queue: Pick<JobQueue, 'enqueue' | 'states'>,
  { pausing, ...part }: PartAtWork,
  work: JobsWork,
  { pace = steadily(), lookMs = LOOK_MS, costs }: JobsOptions = {},
): AsyncGenerator<Step> {
  const promises = new Map<PhotoId, number>()
  const promise = async (job: Job) => {
    promises.set(job.photoId, (promises.get(job.photoId) ?? 0) + 1)
    await queue.enqueue(job)
  }
  let cursor = part.cursor
  let inFlight = part.inFlight as readonly Job[]
  let isEnd = false
  let heldBecause: string | null = null
  let ms = lookMs

  for (;;) {
    const { counts, done, again, open } = await seeEnded(queue, work, inFlight, promises)
    const left = new Set(open.map(({ photoId }) => photoId))
    const ended = inFlight.map(({ photoId }) => photoId).filter((photoId) => !left.has(photoId))
    for (const photoId of ended) promises.delete(photoId)
    const others = ended.filter((photoId) => !done.includes(photoId))
    const costsOf = { done, others, isKept: costs === 'kept' }
    let jobs: readonly Job[] = []
    const isOpen = !isEnd && !pausing.aborted
    const room = isOpen ? await pace(open.length) : { jobs: 0, heldBecause: null }
    const before = cursor
    if (room.jobs > 0) {
      const next = await work.next(cursor, room.jobs)
      jobs = next.jobs
      cursor = next.cursor
      isEnd = next.isLast
      counts.skipped += next.skipped ?? 0
      add(counts.tally, next.tally ?? {})
    }
    const isMoved = open.length < inFlight.length || jobs.length > 0 || cursor !== before
    inFlight = [...open, ...jobs]
    // Before one is promised again the engine tells whether the run is to go on.
    if (isMoved || again.length > 0 || heldBecause !== room.heldBecause)
      yield { cursor, inFlight, ...counts, ...(costs && { costsOf }), heldBecause: room.heldBecause }
    heldBecause = room.heldBecause
    // What has ended without being done stays in flight, for whoever goes on.
    if (pausing.aborted && open.length === again.length) return
    for (const job of pausing.aborted ? [] : [...again, ...jobs]) await promise(job)
    if (inFlight.length === 0 && isEnd) return

    ms = isMoved ? lookMs : Math.min(ms * 1.5, MAX_LOOK_MS)
    if (inFlight.length > 0 || room.jobs === 0) await sleep(ms)
  }
}

/** What came of the jobs that have ended; which to promise again; and all that are not counted yet. */
async function seeEnded(
  queue: Pick<JobQueue, 'states'>,
  work: JobsWork,
  jobs: readonly Job[],
  promises: ReadonlyMap<PhotoId, number>,
): Promise<{ counts: Counts; done: PhotoId[]; again: Job[]; open: Job[] }> {
  const counts: Counts = { done: 0, skipped: 0, failed: [], tally: {} }
  if (jobs.length === 0) return { counts, done: [], again: [], open: [] }
  const states = await queue.states(jobs)
  const ended = jobs.filter((_, index) => states[index]?.name !== 'pending')
  const looks = ended.length > 0 ? await work.look(ended) : new Map<PhotoId, Look>()
  const done: PhotoId[] = []
  const again: Job[] = []
  const open: Job[] = []
  for (const [index, job] of jobs.entries()) {
    const state = states[index] as JobState
    const look = looks.get(job.photoId)
    const promised = promises.get(job.photoId) ?? 0
    if (state.name === 'pending') open.push(job)
    else if (look === undefined || (typeof look === 'object' && 'skippedAs' in look)) {
      counts.skipped += 1
      if (look) add(counts.tally, { [look.skippedAs]: 1 })
    } else if (typeof look === 'object' && promised < MAX_PROMISES) {
      again.push(look.instead)
      open.push(look.instead)
    } else if (state.name === 'failed' && (look === 'done' || promised > 0)) {
      if (look === 'due') await work.giveUp(job)
      counts.failed.push(failureOf(job, state))
    } else if (look === 'done') done.push(job.photoId)
    else if (promised >= MAX_PROMISES) counts.failed.push(failureOf(job, NOT_DONE))
    else {
      // Lost, or of an attempt before: nobody knows whether its last holder had come so far as to promise it.
      again.push(job)
      open.push(job)
    }
  }
  return { counts: { ...counts, done: done.length }, done, again, open }
}

function add(tally: Record<string, number>, more: Tally): void {
  for (const [name, count] of Object.entries(more)) tally[name] = (tally[name] ?? 0) + count
}

function failureOf({ photoId }: Job, { code, message }: FailureReason): PhotoFailure {
  return { photoId, code, message, attempts: 1 }
}
