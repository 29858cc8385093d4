import type { JobType } from 'bullmq'
import { DarkroomError, EngineUnavailableError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type BullmqBackend, type PhotoJob, QUEUE_NAMES } from './bullmq-backend.ts'
import { startWork } from './bullmq-work.ts'
import { readReason } from './failure-reason.ts'
import { type Job, jobKey, kindOfKey, LANES, type Lane, laneOf } from './job.ts'
import type {
  FailedPage,
  FailedPlace,
  JobCounts,
  JobQueue,
  JobState,
  JobTotals,
  LaneCounts,
  Work,
} from './job-queue.ts'

const DAY_S = 24 * 3600

/** A retry comes after 1 s, then 2 s. Jobs that are done leave nothing; failed ones are kept with their reason. */
const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: { age: 30 * DAY_S, count: 10_000 },
} as const

/** What BullMQ calls the states of jobs. Those that an earlier Darkroom promised with a low priority are `prioritized`. */
const RANGES = [
  ['waiting', ['wait', 'prioritized']],
  ['active', ['active']],
  ['delayed', ['delayed']],
  ['failed', ['failed']],
] as const satisfies [keyof JobCounts, JobType[]][]

/** Work promised through BullMQ, on whichever of its backends. */
export class BullmqQueue implements JobQueue {
  readonly #backend: BullmqBackend
  readonly #log: Log

  constructor(backend: BullmqBackend, log: Log) {
    this.#backend = backend
    this.#log = log
  }

  async enqueue(job: Job): Promise<void> {
    await this.#reach(async () => {
      const queue = this.#backend.queues[laneOf(job)]
      const jobId = jobKey(job)
      const earlier = await queue.getJob(jobId)
      if (earlier && (await earlier.getState()) === 'failed') await removeFailed(earlier)
      const { kind, ...payload } = job
      await queue.add(kind, payload, { ...JOB_OPTIONS, jobId })
    })
  }

  async state(job: Job): Promise<JobState> {
    const [state] = await this.states([job])
    return state as JobState
  }

  async states(jobs: readonly Job[]): Promise<JobState[]> {
    const places = jobs.map((job) => ({ queue: QUEUE_NAMES[laneOf(job)], key: jobKey(job) }))
    const kept = await this.#reach(async () => await this.#backend.states(places))
    return kept.map((state) =>
      state.name === 'failed' ? { name: 'failed', ...readReason(state.reason) } : state,
    )
  }

  async oldestWaiting(lane: Lane): Promise<Date | null> {
    return await this.#reach(async () => await this.#backend.oldestWaiting(lane))
  }

  async demand(): Promise<LaneCounts> {
    return await this.#reach(async () => await this.#backend.demand())
  }

  async delayed(lane: Lane, upTo: number): Promise<number> {
    return await this.#reach(async () => await this.#backend.delayed(lane, upTo))
  }

  work(work: Work): AsyncDisposable {
    return startWork(this.#backend, work, this.#log)
  }

  async counts(lane?: Lane): Promise<JobCounts> {
    const lanes = lane ? [lane] : LANES
    const each = await this.#reach(async () => await Promise.all(lanes.map((one) => this.#countsOf(one))))
    const sum = (state: keyof JobCounts) => each.reduce((total, counts) => total + counts[state], 0)
    return { waiting: sum('waiting'), active: sum('active'), delayed: sum('delayed'), failed: sum('failed') }
  }

  async totals(): Promise<JobTotals[]> {
    const totals = new Map<string, JobTotals>()
    for (const lane of LANES) {
      for (const [state, ranges] of RANGES) {
        for (const key of await this.#keysOf(lane, ranges)) {
          const kind = kindOfKey(key)
          const none = { lane, kind, waiting: 0, active: 0, delayed: 0, failed: 0 }
          const total = totals.get(`${lane} ${kind}`) ?? none
          totals.set(`${lane} ${kind}`, { ...total, [state]: total[state] + 1 })
        }
      }
    }
    return [...totals.values()]
  }

  async failed(after: FailedPlace | null, limit: number): Promise<FailedPage> {
    const { failures, next } = await this.#reach(async () => await this.#backend.failed(after, limit))
    const jobs = failures.map(({ kind, payload, reason, ...failure }) => ({
      ...failure,
      job: { kind, ...payload },
      ...readReason(reason),
    }))
    return { jobs, next }
  }

  async failedByCode(): Promise<{ code: string; count: number }[]> {
    const counts = await this.#reach(async () => await this.#backend.failedByCode())
    return [...counts].map(([code, count]) => ({ code, count })).toSorted((a, b) => b.count - a.count)
  }

  /** @NOTE No counts: on PostgreSQL they read every job, and load balancers ask often. */
  async check(): Promise<void> {
    await this.#reach(async () => {
      await this.#backend.check()
      await Promise.all(LANES.map((lane) => this.#backend.queues[lane].getJob('none')))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(LANES.map((lane) => this.#backend.queues[lane].close()))
    await this.#backend.close()
  }

  async #keysOf(lane: Lane, ranges: readonly JobType[]): Promise<string[]> {
    const queue = this.#backend.queues[lane]
    return await this.#reach(async () => await queue.getRanges([...ranges], 0, -1))
  }

  async #countsOf(lane: Lane): Promise<JobCounts> {
    // Those that an earlier Darkroom promised with a low priority wait as `prioritized`.
    const counts = await this.#backend.queues[lane].getJobCounts(
      'waiting',
      'prioritized',
      'active',
      'delayed',
      'failed',
    )
    const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts
    return { waiting: waiting + prioritized, active, delayed, failed }
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
