import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, UnrecoverableError, type WorkerOptions } from 'bullmq'
import {
  DarkroomError,
  EngineUnavailableError,
  JobMustWaitError,
  UnknownJobKindError,
  WorkerDiedError,
} from '../errors.ts'
import { type Log, onceAMinute, type Telling } from '../log.ts'
import type { BullmqBackend, PhotoJob } from './bullmq-backend.ts'
import { writeReason } from './failure-reason.ts'
import type { Lane } from './job.ts'
import type { Claim, Work } from './job-queue.ts'

/** Until a job that was postponed begins again, for the first time and at most; each time twice as long. */
const POSTPONED_MS = 500
const MAX_POSTPONED_MS = 10_000

/** The same for what may be missing for days, of thousands of photos: as long as it has waited already, at most this. */
const MAX_WAIT_MS = 300_000

/** How long a worker rests between two postponed jobs, at most: hundreds may wait for an engine that is unavailable. */
const MAX_REST_MS = 2_000

/**
 * One job at a time: a picture that kills its process takes no other job with it. A worker that dies is replaced,
 * and its successor says what it died of. When nobody is left to say so, as when the machine dies, or when the worker
 * lives and the queue is unavailable for long, the job's lock runs out and it is begun anew. That need not be
 * the picture's fault, so it may happen more often than attempts may fail, but not for ever: where the kernel ends
 * a whole container that is out of memory, nobody is left either. Locks are renewed by the event loop, which no
 * step of ours holds for long: libvips works in threads of its own.
 */
export function workerOptions(lane: Lane) {
  return {
    concurrency: 1,
    // At the lowest priority the event loop may be held for long by others' work.
    lockDuration: lane === 'live' ? 10_000 : 60_000,
    stalledInterval: 2_000,
    maxStalledCount: 5,
    runRetryDelay: 1_000,
  } as const satisfies Partial<WorkerOptions>
}

/** What BullMQ says when a job's lock has run out, or the job is not there any more: how it ended can't be recorded. */
const CLAIM_LOST = /^(Missing (lock|key) for job|Lock mismatch for job|could not renew lock for job)/

type Backend = Pick<BullmqBackend, 'queues' | 'startWorker' | 'unavailableBecause'>

/** Does the jobs of a lane until disposed. */
export function startWork(backend: Backend, work: Work, log: Log): AsyncDisposable {
  return new BullmqWork(backend, work, log)
}

class BullmqWork implements AsyncDisposable {
  readonly #backend: Backend
  readonly #work: Work
  readonly #log: Log
  readonly #tellPostponed: Telling
  readonly #stopping = new AbortController()
  readonly #worker: AsyncDisposable
  readonly #settled: Promise<void> | null
  /** So many jobs in a row were postponed. */
  #postponed = 0

  constructor(backend: Backend, work: Work, log: Log) {
    this.#backend = backend
    this.#work = work
    this.#log = log
    this.#tellPostponed = onceAMinute((fields, message) => log.warn(fields, message))
    const worker = backend.startWorker(work.lane, async (job) => await this.#do(job))
    worker.on('failed', (job, error) => job && this.#tellFailed(job, error))
    worker.on('error', this.#tellOf())
    this.#worker = { [Symbol.asyncDispose]: async () => await worker.close() }
    this.#settled = work.orphan ? this.#failOrphan(work.orphan) : null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#settled
    await this.#worker[Symbol.asyncDispose]()
  }

  async #do(job: PhotoJob): Promise<void> {
    const { handlers, onClaim = () => {} } = this.#work
    const startedAt = performance.now()
    const handler = Object.hasOwn(handlers, job.name) ? handlers[job.name] : null
    if (!handler) return await this.#postpone(job, new UnknownJobKindError(job.name))
    onClaim({ key: job.id as string, token: job.token as string })
    try {
      await handler({ kind: job.name, ...job.data })
      this.#postponed = 0
      this.#log.info({ ...told(job), ms: Math.round(performance.now() - startedAt) }, 'job done')
    } catch (error) {
      if (error instanceof DarkroomError && !error.retryable) {
        throw Object.assign(new UnrecoverableError(writeReason(error)), { cause: error })
      }
      if (error instanceof EngineUnavailableError || error instanceof JobMustWaitError)
        await this.#postpone(job, error)
      throw asKept(error)
    } finally {
      onClaim(null)
    }
  }

  #tellFailed(job: PhotoJob, error: Error): void {
    const cause = error.cause instanceof Error ? error.cause : error
    const isFinal = job.finishedOn !== undefined
    const message = isFinal ? 'job failed' : 'job failed, and is tried again'
    this.#log.warn({ ...told(job), attempt: job.attemptsMade, err: cause }, message)
    if (!isFinal) return
    this.#work.onFailed({ kind: job.name, ...job.data }, cause).catch((err) => {
      this.#log.error(
        { ...told(job), err },
        'failure of a job not recorded in the catalog: the sweep does it',
      )
    })
  }

  /**
   * That an engine is unavailable, or what the job needs is not here, is not the job's fault, so it costs no attempt,
   * however long that lasts; nor when the queue is unavailable as well, as on a disk that is full: then the worker has
   * nothing else to do, and waits for the queue.
   */
  async #postpone(job: PhotoJob, err: EngineUnavailableError | JobMustWaitError): Promise<never> {
    const { signal } = this.#stopping
    const before = job.attemptsStarted - job.attemptsMade - 1
    const isMissing = err instanceof JobMustWaitError
    const ms = Math.min(POSTPONED_MS * 2 ** before, isMissing ? MAX_WAIT_MS : MAX_POSTPONED_MS)
    for (;;) {
      try {
        await job.moveToDelayed(Date.now() + ms, job.token)
        break
      } catch (error) {
        const isUnavailable = error instanceof Error && this.#backend.unavailableBecause(error) !== null
        if (!isUnavailable || signal.aborted) throw error
      }
      await sleep(POSTPONED_MS, undefined, { signal }).catch(() => {})
    }
    this.#tellPostponed({ ...told(job), ms, err }, 'job postponed')
    // Other jobs don't need it.
    if (isMissing) throw new DelayedError()
    const restMs = Math.min(50 * (2 ** this.#postponed - 1), MAX_REST_MS)
    this.#postponed += 1
    await sleep(restMs, undefined, { signal }).catch(() => {})
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
  async #failOrphan({ key, token }: Claim): Promise<void> {
    const error = new WorkerDiedError()
    try {
      const job = await this.#backend.queues[this.#work.lane].getJob(key)
      if (!job) return
      await job.moveToFailed(new Error(writeReason(error)), token)
      this.#tellFailed(job, error)
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      this.#log.warn(
        { job: key, cause },
        'a worker died, which could not be counted as an attempt of its job: that had ended, another worker has it, or it is begun anew when its lock runs out',
      )
    }
  }
}

/** What each line about a job tells, and what leads to the request that asked for it. */
function told({ id, data }: PhotoJob): Record<string, unknown> {
  return { job: id, ...data.trace }
}

/** An error whose message is what the queue shall keep of it. */
function asKept(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DelayedError) return error
  return new Error(writeReason(error), { cause: error })
}
