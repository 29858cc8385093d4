import { createPostgresBackend, type PostgresConnectionOptions, withBackend } from 'bullmq'
import type pg from 'pg'
import { type Log, onceAMinute } from '../log.ts'
import { isPostgresUnavailable, openPool } from '../postgres/connections.ts'
import {
  type Payload,
  type PhotoJob,
  type PhotoQueue,
  type PhotoWorker,
  QUEUE_NAMES,
} from './bullmq-backend.ts'
import { BullmqQueue } from './bullmq-queue.ts'
import { workerOptions } from './bullmq-work.ts'
import type { JobKind, Lane } from './job.ts'
import { patientBackend } from './patient-backend.ts'
import { patientPool, type QueuePool } from './patient-pool.ts'
import {
  countDelayed,
  countFailures,
  readDemand,
  readFailed,
  readOldestWaiting,
  readStates,
} from './postgres-jobs.ts'
import { checkPostgres } from './postgres-set-up.ts'

/**
 * BullMQ keeps its tables in a schema of its own, and finds them by the connection's search path. Its commits wait
 * for no disk: of the last moments before a crash the sweep enqueues again what is missing, and a job may run twice.
 */
const SETTINGS = '-c search_path=bullmq -c synchronous_commit=off -c statement_timeout=14s'

const { Queue } = withBackend(createPostgresBackend)

/** The queue on PostgreSQL. One of the connections listens for new jobs, so it must be a direct one, not a pooler's. */
export function openPostgresQueue(url: string, log: Log): BullmqQueue {
  const opened = openPool({
    url,
    options: SETTINGS,
    max: 5,
    keepAlive: true,
    application_name: 'darkroom-queue',
  })
  const { pool } = opened
  const tell = onceAMinute((fields, message) => log.error(fields, message))
  const report = (err: Error) =>
    isPostgresUnavailable(err) || tell({ err }, 'an error in the queue that is not known')

  return new BullmqQueue(
    {
      queues: {
        live: lastingQueue(pool, QUEUE_NAMES.live, report),
        batch: lastingQueue(pool, QUEUE_NAMES.batch, report),
      },
      states: async (places) => await readStates(pool, places),
      oldestWaiting: async (lane) => await readOldestWaiting(pool, lane),
      failed: async (after, limit) => await readFailed(pool, after, limit),
      failedByCode: async () => await countFailures(pool),
      demand: async () => await readDemand(pool),
      delayed: async (lane, upTo) => await countDelayed(pool, lane, upTo),
      startWorker: (lane, processor) => startWorker(pool, lane, processor, log),
      unavailableBecause: (error) => (isPostgresUnavailable(error) ? error : null),
      check: async () => await checkPostgres(pool, url),
      close: async () => await opened[Symbol.asyncDispose](),
    },
    log,
  )
}

/** BullMQ describes the part of pg it uses in types of its own, which pg's own don't quite fit. */
function connectionTo(pool: unknown): PostgresConnectionOptions {
  return pool as PostgresConnectionOptions
}

/**
 * Fails at once while the server is unavailable.
 *
 * @NOTE BullMQ's queue remembers for ever that its first connection failed: then it is replaced.
 */
function lastingQueue(pool: pg.Pool, name: string, report: (error: Error) => void): PhotoQueue {
  const create = () => {
    const queue = new Queue<Payload, void, JobKind>(name, { connection: connectionTo(deafPool(pool)) })
    queue.on('error', report)
    // Whoever uses it is told.
    queue.waitUntilReady().catch(() => {})
    return queue
  }
  let queue = create()
  const ready = async () => {
    const tried = queue
    try {
      await tried.waitUntilReady()
      return tried
    } catch (error) {
      if (queue === tried) {
        queue = create()
        await tried.close()
      }
      throw error
    }
  }
  return {
    add: async (...job: Parameters<typeof queue.add>) => await (await ready()).add(...job),
    getJob: async (id: string) => await (await ready()).getJob(id),
    getJobCounts: async (...states: Parameters<typeof queue.getJobCounts>) =>
      await (await ready()).getJobCounts(...states),
    getRanges: async (...range: Parameters<typeof queue.getRanges>) =>
      await (await ready()).getRanges(...range),
    close: async () => await queue.close(),
  }
}

/** No queue that was replaced goes on listening to it. */
function deafPool(pool: pg.Pool): QueuePool {
  return {
    options: pool.options,
    connect: pool.connect.bind(pool),
    query: (statement, values) => pool.query(statement, values),
    on: () => pool,
    end: () => pool.end(),
  }
}

function startWorker(
  pool: pg.Pool,
  lane: Lane,
  processor: (job: PhotoJob) => Promise<void>,
  log: Log,
): PhotoWorker {
  const stopping = new AbortController()
  const patience = { name: 'PostgreSQL', isUnavailable: isPostgresUnavailable, log }
  const { Worker } = withBackend((...given: Parameters<typeof createPostgresBackend>) =>
    patientBackend(createPostgresBackend(...given), patience),
  )
  const worker = new Worker<Payload, void, JobKind>(QUEUE_NAMES[lane], processor, {
    ...workerOptions(lane),
    connection: connectionTo(patientPool(pool, log, stopping.signal)),
  })
  return Object.assign(worker, {
    close: async () => {
      stopping.abort()
      await Worker.prototype.close.call(worker)
    },
  })
}
