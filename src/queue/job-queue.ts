import type { FailureReason } from './failure-reason.ts'
import type { Job, JobKind, Lane } from './job.ts'

/** `pending` is waiting, running or waiting for its next attempt. */
export type JobState = { name: 'missing' } | { name: 'pending' } | ({ name: 'failed' } & FailureReason)

/**
 * Does the work of one job. Doing one twice changes nothing. A DarkroomError that is not retryable ends the job at
 * once; one that an engine is unavailable makes it wait for that engine, which costs no attempt.
 */
export type JobHandler = (job: Job) => Promise<void>

/** A job that a worker has begun: its key, and the token of the worker's lock on it. */
export type Claim = { key: string; token: string }

export type Work = {
  lane: Lane
  /** A job of a kind that is not among them, as a newer Darkroom enqueues, waits for a worker that knows it. */
  handlers: Record<JobKind, JobHandler>
  /** Called once when a job has failed for good: its attempts are used up, or a retry can't mend it. */
  onFailed(job: Job, error: Error): Promise<void>
  /** Told of each job that begins, before anything is done for it, and null when it has ended. */
  onClaim?(claim: Claim | null): void
  /** What the process before this one had begun when it died: that was an attempt, and it failed. */
  orphan?: Claim | null
}

/** Of each lane so many. */
export type LaneCounts = Record<Lane, number>

export type JobCounts = Record<'waiting' | 'active' | 'delayed' | 'failed', number>

export type JobTotals = { lane: Lane; kind: string } & JobCounts

export type FailedJob = {
  key: string
  lane: Lane
  job: Job
  attempts: number
  failedAt: Date
} & FailureReason

/** Where a failed job stands among all: by when it failed, then by its key. */
export type FailedPlace = Pick<FailedJob, 'failedAt' | 'key'>

/** `next` is the place behind them; null when there are no more. Some may have been enqueued again meanwhile: then they are fewer. */
export type FailedPage = { jobs: FailedJob[]; next: FailedPlace | null }

/**
 * Where work is promised, in two lanes: a job waits for those of its own lane alone. A job that was enqueued is done at
 * least once, whatever dies meanwhile.
 * Every implementation passes test/contracts/job-queue.ts.
 * When the queue itself does not answer, methods throw EngineUnavailableError.
 */
export interface JobQueue extends AsyncDisposable {
  /** Enqueueing a job that is pending changes nothing. A failed one is enqueued afresh. */
  enqueue(job: Job): Promise<void>

  state(job: Job): Promise<JobState>

  /** The states of up to 1,000 jobs, in their order, by one question. */
  states(jobs: readonly Job[]): Promise<JobState[]>

  /**
   * When the job of the lane that has waited longest was enqueued, or null when none waits. They begin in that order, so
   * a photo that is older waits for no job that has yet to begin.
   */
  oldestWaiting(lane: Lane): Promise<Date | null>

  /** How many workers would have something to do: jobs that run or may begin now. Counted up to 256; cheap to ask. */
  demand(): Promise<LaneCounts>

  /**
   * How many jobs of the lane wait for a later time: for an engine, a worker that knows their presets, or their next attempt.
   * Counted up to so many; cheap to ask.
   */
  delayed(lane: Lane, upTo: number): Promise<number>

  /** Works the jobs of a lane, one at a time, until disposed; disposing waits for the one that runs. */
  work(work: Work): AsyncDisposable

  /** Jobs by state, for operators: of one lane, or of all. Reads all of them. */
  counts(lane?: Lane): Promise<JobCounts>

  /** The same by lane and kind, of those kinds of which there are jobs. Reads the names of all. */
  totals(): Promise<JobTotals[]>

  /**
   * Up to so many jobs of both lanes that failed for good, the last that failed first, behind a place. Each is kept for 30 days,
   * but of a lane no more than the last 10,000. One or two questions, however many there are.
   */
  failed(after: FailedPlace | null, limit: number): Promise<FailedPage>

  /** How many failed with each code, the most first. Reads why each did. */
  failedByCode(): Promise<{ code: string; count: number }[]>

  /**
   * Resolves when jobs can be enqueued; cheap to ask. Throws SetupError, with what to do, when the server can't be trusted
   * with them.
   */
  check(): Promise<void>
}
