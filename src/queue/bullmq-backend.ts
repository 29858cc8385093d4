import type { Job as BullmqJob, Queue, Worker } from 'bullmq'
import type { Job, JobKind, Lane } from './job.ts'
import type { FailedPlace, LaneCounts } from './job-queue.ts'

/** BullMQ's names of the lanes. */
export const QUEUE_NAMES: Record<Lane, string> = { live: 'darkroom', batch: 'darkroom-batch' }

/** More workers no machine has. */
export const MAX_DEMAND = 256

export type Payload = Omit<Job, 'kind'>
export type PhotoJob = BullmqJob<Payload, void, JobKind>
export type PhotoQueue = Pick<
  Queue<Payload, void, JobKind>,
  'add' | 'getJob' | 'getJobCounts' | 'getRanges' | 'close'
>
export type PhotoWorker = Pick<Worker<Payload>, 'close'> & {
  on(event: 'failed', listener: (job: PhotoJob | undefined, error: Error) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A job by where it is kept. */
export type JobPlace = { queue: string; key: string }

/** A job's state with the text that is kept of a failure. */
export type KeptState = { name: 'missing' } | { name: 'pending' } | { name: 'failed'; reason: string }

/** A job that failed, as it is kept. */
export type KeptFailure = {
  lane: Lane
  key: string
  kind: JobKind
  payload: Payload
  attempts: number
  failedAt: Date
  reason: string
}

/** Up to so many that failed, the last first, and the place behind them; null when there are no more. */
export type KeptFailures = { failures: KeptFailure[]; next: FailedPlace | null }

/** What differs between BullMQ's backends. */
export type BullmqBackend = {
  queues: Record<Lane, PhotoQueue>
  /** The states of jobs, in their order. BullMQ itself would ask for each twice. */
  states(places: readonly JobPlace[]): Promise<KeptState[]>
  oldestWaiting(lane: Lane): Promise<Date | null>
  failed(after: FailedPlace | null, limit: number): Promise<KeptFailures>
  /** How many failed with each code. */
  failedByCode(): Promise<Map<string, number>>
  demand(): Promise<LaneCounts>
  delayed(lane: Lane, upTo: number): Promise<number>
  startWorker(lane: Lane, processor: (job: PhotoJob) => Promise<void>): PhotoWorker
  /** Why the server is unavailable, when the error says that it is. */
  unavailableBecause(error: Error): Error | null
  /** Throws SetupError when the server is set up so that it can't keep a queue. */
  check(): Promise<void>
  close(): Promise<void>
}
