import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Job as BullmqJob,
  DelayedError,
  type Queue,
  UnrecoverableError,
  type Worker,
  type WorkerOptions,
} from 'bullmq'
import {
  DarkroomError,
  EngineUnavailableError,
  JobMustWaitError,
  UnknownJobKindError,
  WorkerDiedError,
} from '../errors.ts'
import { type Log, onceAMinute, type Telling } from '../log.ts'
import { isUrgent, type Job, type JobKind, jobKey } from './job.ts'
import type { Claim, JobQueue, JobState, Work } from './job-queue.ts'

export const QUEUE_NAME = 'darkroom'

const DAY_S = 24 * 3600

/** BullMQ begins jobs without a priority first. */
const LOW_PRIORITY = 10

/** Until a job that was postponed begins again, for the first time and at most; each time twice as long. */
const POSTPONED_MS = 500
const MAX_POSTPONED_MS = 10_000

/** The same for what may be missing for days, of thousands of photos: as long as it has waited already, at most this. */
const MAX_WAIT_MS = 300_000

/** How long a worker rests between two postponed jobs, at most: hundreds may wait for an engine that is unavailable. */
const MAX_REST_MS = 2_000

/** A retry comes after 1 s, then 2 s. Jobs that are done leave nothing; failed ones are kept with their reason. */
const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: { age: 30 * DAY_S, count: 10_000 },
} as const

/**
 * One job at a time: a picture that kills its process takes no other job with it. A worker that dies is replaced,
 * and its successor says what it died of. When nobody is left to say so, as when the machine dies, or when the worker
 * lives and the queue is unavailable for long, the job's lock runs out after 10 s and it is begun anew. That need not be
 * the picture's fault, so it may happen more often than attempts may fail, but not for ever: where the kernel ends
 * a whole container that is out of memory, nobody is left either. Locks are renewed by the event loop, which no
 * step of ours holds for long: libvips works in threads of its own.
 */
export const WORKER_OPTIONS = {
  concurrency: 1,
  lockDuration: 10_000,
  stalledInterval: 2_000,
  maxStalledCount: 5,
  runRetryDelay: 1_000,
} as const satisfies Partial<WorkerOptions>

/** What BullMQ says when a job's lock has run out, or the job is not there any more: how it ended can't be recorded. */
const CLAIM_LOST = /^(Missing (lock|key) for job|Lock mismatch for job|could not renew lock for job)/

export type Payload = Omit<Job, 'kind'>
export type PhotoJob = BullmqJob<Payload, void, JobKind>
type AnyQueue = Pick<Queue<Payload, void, JobKind>, 'add' | 'getJob' | 'getJobCounts' | 'close'>
type AnyWorker = Pick<Worker<Payload>, 'close'> & {
  on(event: 'failed', listener: (job: PhotoJob | undefined, error: Error) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What differs between BullMQ's backends. */
export type BullmqBackend = {
  queue: AnyQueue
  /** The states of jobs by their keys, in their order. BullMQ itself would ask for each twice. */
  states(keys: readonly string[]): Promise<JobState[]>
  oldestWaiting(): Promise<Date | null>
  startWorker(processor: (job: PhotoJob) => Promise<void>): AnyWorker
  /** Why the server is unavailable, when the error says that it is. */
  unavailableBecause(error: Error): Error | null
  /** Throws SetupError when the server is set up so that it can't keep a queue. */
  check(): Promise<void>
  close(): Promise<void>
}

/** Work promised through BullMQ, on whichever of its backends. */
export class BullmqQueue implements JobQueue {
  readonly #backend: BullmqBackend
  readonly #log: Log
  readonly #tellPostponed: Telling
  /** So many jobs in a row were postponed. */
  #postponed = 0

  constructor(backend: BullmqBackend, log: Log) {
    this.#backend = backend
    this.#log = log
    this.#tellPostponed = onceAMinute((fields, message) => log.warn(fields, message))
  }

  async enqueue(job: Job): Promise<void> {
    await this.#reach(async () => {
      const jobId = jobKey(job)
      const earlier = await this.#backend.queue.getJob(jobId)
      if (earlier && (await earlier.getState()) === 'failed') await removeFailed(earlier)
      const { kind, ...payload } = job
      await this.#backend.queue.add(kind, payload, {
        ...JOB_OPTIONS,
        jobId,
        ...(isUrgent(job) ? {} : { priority: LOW_PRIORITY }),
      })
    })
  }

  async state(job: Job): Promise<JobState> {
    const [state] = await this.states([job])
    return state as JobState
  }

  async states(jobs: readonly Job[]): Promise<JobState[]> {
    return await this.#reach(async () => await this.#backend.states(jobs.map(jobKey)))
  }

  async oldestWaiting(): Promise<Date | null> {
    return await this.#reach(async () => await this.#backend.oldestWaiting())
  }

  work({ handlers, onFailed, onClaim = () => {}, orphan = null }: Work): AsyncDisposable {
    const stopping = new AbortController()
    const worker = this.#backend.startWorker(async (job) => {
      const startedAt = performance.now()
      const handler = Object.hasOwn(handlers, job.name) ? handlers[job.name] : null
      if (!handler) return await this.#postpone(job, new UnknownJobKindError(job.name), stopping.signal)
      onClaim({ key: job.id as string, token: job.token as string })
      try {
        await handler({ kind: job.name, ...job.data })
        this.#postponed = 0
        this.#log.info({ job: job.id, ms: Math.round(performance.now() - startedAt) }, 'job done')
      } catch (error) {
        if (error instanceof DarkroomError && !error.retryable) {
          throw Object.assign(new UnrecoverableError(error.message), { cause: error })
        }
        if (error instanceof EngineUnavailableError || error instanceof JobMustWaitError)
          await this.#postpone(job, error, stopping.signal)
        throw error
      } finally {
        onClaim(null)
      }
    })

    const tellFailed = (job: PhotoJob, error: Error) => {
      const cause = error.cause instanceof Error ? error.cause : error
      const isFinal = job.finishedOn !== undefined
      const told = isFinal ? 'job failed' : 'job failed, and is tried again'
      this.#log.warn({ job: job.id, attempt: job.attemptsMade, err: cause }, told)
      if (!isFinal) return
      onFailed({ kind: job.name, ...job.data }, cause).catch((err) => {
        this.#log.error({ job: job.id, err }, 'failure not recorded; the sweep will')
      })
    }
    worker.on('failed', (job, error) => job && tellFailed(job, error))
    worker.on('error', this.#tellOf())
    const settled = orphan && this.#failOrphan(orphan, tellFailed)

    return {
      [Symbol.asyncDispose]: async () => {
        stopping.abort()
        await settled
        await worker.close()
      },
    }
  }

  async counts(): Promise<Record<'waiting' | 'active' | 'delayed' | 'failed', number>> {
    return await this.#reach(async () => {
      const counts = await this.#backend.queue.getJobCounts(
        'waiting',
        'prioritized',
        'active',
        'delayed',
        'failed',
      )
      const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts
      return { waiting: waiting + prioritized, active, delayed, failed }
    })
  }

  async check(): Promise<void> {
    await this.#reach(async () => await this.#backend.check())
    await this.counts()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend.queue.close()
    await this.#backend.close()
  }

  /**
   * That an engine is unavailable, or what the job needs is not here, is not the job's fault, so it costs no attempt,
   * however long that lasts; nor when the queue is unavailable as well, as on a disk that is full: then the worker has
   * nothing else to do, and waits for the queue.
   */
  async #postpone(
    job: PhotoJob,
    err: EngineUnavailableError | JobMustWaitError,
    stopping: AbortSignal,
  ): Promise<never> {
    const before = job.attemptsStarted - job.attemptsMade - 1
    const isMissing = err instanceof JobMustWaitError
    const ms = Math.min(POSTPONED_MS * 2 ** before, isMissing ? MAX_WAIT_MS : MAX_POSTPONED_MS)
    for (;;) {
      try {
        await job.moveToDelayed(Date.now() + ms, job.token)
        break
      } catch (error) {
        const isUnavailable = error instanceof Error && this.#backend.unavailableBecause(error) !== null
        if (!isUnavailable || stopping.aborted) throw error
      }
      await sleep(POSTPONED_MS, undefined, { signal: stopping }).catch(() => {})
    }
    this.#tellPostponed({ job: job.id, ms, err }, 'job postponed')
    // Other jobs don't need it.
    if (isMissing) throw new DelayedError()
    const restMs = Math.min(50 * (2 ** this.#postponed - 1), MAX_REST_MS)
    this.#postponed += 1
    await sleep(restMs, undefined, { signal: stopping }).catch(() => {})
    throw new DelayedError()
  }

  /** Tells of an error of the worker's, which goes on: in plain words where they are known. */
  #tellOf(): (error: Error) => void {
    const warn = onceAMinute((fields, message) => this.#log.warn(fields, message))
    const report = onceAMinute((fields, message) => this.#log.error(fields, message))
    return (err) => {
      if (this.#backend.unavailableBecause(err)) return
      if (CLAIM_LOST.test(err.message))
        warn(
          { cause: err.message },
          'the queue lost a job while it was done here, as in an outage of the queue; what is missing of it is done again',
        )
      else report({ err }, 'an error in the queue that is not known; the worker goes on')
    }
  }

  /**
   * A job whose lock has run out meanwhile is another worker's by now, and stays so. One that can't be reached is begun
   * anew when its lock runs out.
   */
  async #failOrphan({ key, token }: Claim, tellFailed: (job: PhotoJob, error: Error) => void): Promise<void> {
    const error = new WorkerDiedError()
    try {
      const job = await this.#backend.queue.getJob(key)
      if (!job) return
      await job.moveToFailed(error, token)
      tellFailed(job, error)
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      this.#log.warn(
        { job: key, cause },
        'a worker died, which could not be counted as an attempt of its job: that had ended, another worker has it, or it is begun anew in ten seconds',
      )
    }
  }

  async #reach<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof DarkroomError) throw error
      const cause = error instanceof Error ? this.#backend.unavailableBecause(error) : null
      throw cause ? new EngineUnavailableError('The queue is unavailable.', { cause }) : error
    }
  }
}

/** Whoever else enqueues it afresh may be first: then a worker may have begun it, and nothing is left to do. */
async function removeFailed(job: PhotoJob): Promise<void> {
  try {
    await job.remove()
  } catch (error) {
    if ((await job.getState()) === 'failed') throw error
  }
}
