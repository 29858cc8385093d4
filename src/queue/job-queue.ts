import type { Job, JobKind } from './job.ts'

/** `pending` is waiting, running or waiting for its next attempt. */
export type JobState = { name: 'missing' } | { name: 'pending' } | { name: 'failed'; reason: string }

/**
 * Does the work of one job. Doing one twice changes nothing. A DarkroomError that is not retryable ends the job at
 * once; one that an engine is unavailable makes it wait for that engine, which costs no attempt.
 */
export type JobHandler = (job: Job) => Promise<void>

/** A job that a worker has begun: its key, and the token of the worker's lock on it. */
export type Claim = { key: string; token: string }

export type Work = {
  /** A job of a kind that is not among them, as a newer Darkroom enqueues, waits for a worker that knows it. */
  handlers: Record<JobKind, JobHandler>
  /** Called once when a job has failed for good: its attempts are used up, or a retry can't mend it. */
  onFailed(job: Job, error: Error): Promise<void>
  /** Told of each job that begins, before anything is done for it, and null when it has ended. */
  onClaim?(claim: Claim | null): void
  /** What the process before this one had begun when it died: that was an attempt, and it failed. */
  orphan?: Claim | null
}

/**
 * Where work is promised. A job that was enqueued is done at least once, whatever dies meanwhile.
 * Every implementation passes test/contracts/job-queue.ts.
 * When the queue itself does not answer, methods throw EngineUnavailableError.
 */
export interface JobQueue extends AsyncDisposable {
  /**
   * Enqueueing a job that is pending changes nothing. A failed one is enqueued afresh. Jobs that are not urgent
   * begin when no others wait.
   */
  enqueue(job: Job): Promise<void>

  state(job: Job): Promise<JobState>

  /** The states of up to 1,000 jobs, in their order, by one question. */
  states(jobs: readonly Job[]): Promise<JobState[]>

  /**
   * When the urgent job that has waited longest was enqueued, or null when none waits. They begin in that order, so a
   * photo that is older waits for no job that has yet to begin.
   */
  oldestWaiting(): Promise<Date | null>

  /** Works jobs, one at a time, until disposed; disposing waits for the one that runs. */
  work(work: Work): AsyncDisposable

  /** Jobs by state, for operators. */
  counts(): Promise<Record<'waiting' | 'active' | 'delayed' | 'failed', number>>

  /** Resolves when jobs can be enqueued. Throws SetupError, with what to do, when the server can't be trusted with them. */
  check(): Promise<void>
}
