import { Queue, Worker } from 'bullmq'
import type { RedisAddress } from '../config/redis-url.ts'
import type { Log } from '../log.ts'
import { BullmqQueue, type Payload, type PhotoJob, QUEUE_NAME, WORKER_OPTIONS } from './bullmq-queue.ts'
import type { JobKind } from './job.ts'
import {
  answers,
  checkEvictionPolicy,
  createRedisClient,
  isRedisAway,
  type RedisClient,
} from './redis-client.ts'

/** In braces, so that all keys of the queue lie in one slot of a cluster: BullMQ's scripts touch several at once. */
const PREFIX = '{darkroom}'

/**
 * The queue on Redis or Valkey, alone, clustered or behind sentinels. While the server is away, methods fail at
 * once and workers wait; both go on when it is back, and the sweep enqueues what it lost.
 */
export function openRedisQueue(address: RedisAddress, log: Log): BullmqQueue {
  const client = connect(address, 'none', log)
  const tried = firstAttempt(client)
  const queue = new Queue<Payload, void, JobKind>(QUEUE_NAME, {
    connection: client,
    prefix: PREFIX,
    // Without these the first command waits for the server, however long it is away.
    skipWaitingForReady: true,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  })
  queue.on('error', () => {})

  return new BullmqQueue(
    {
      queue,
      startWorker: (processor) => startWorker(address, processor, () => answers(client), log),
      isAway: isRedisAway,
      // That the server is away was said already.
      report: (err) => isRedisAway(err) || log.error({ err }, 'queue'),
      check: async () => {
        await tried
        await checkEvictionPolicy(client)
      },
      close: async () => client.disconnect(),
    },
    log,
  )
}

/**
 * @NOTE BullMQ's own close waits for its connections to end, and those that are reconnecting never say that they
 * did. So while the server is away we wait for the job alone; it is done again later, as nobody could be told.
 */
function startWorker(
  address: RedisAddress,
  processor: (job: PhotoJob) => Promise<void>,
  isThere: () => Promise<boolean>,
  log: Log,
) {
  const client = connect(address, 'endless', log)
  let running: Promise<void> = Promise.resolve()
  const work = async (job: PhotoJob) => {
    const done = processor(job)
    running = done.catch(() => {})
    await done
  }
  const worker = new Worker<Payload, void, JobKind>(QUEUE_NAME, work, {
    ...WORKER_OPTIONS,
    connection: client,
    prefix: PREFIX,
  })
  return Object.assign(worker, {
    close: async () => {
      // At once, or the next job would begin before the answer comes.
      await worker.pause(true)
      const isAway = !(await isThere())
      if (isAway) await running
      await Worker.prototype.close.call(worker, isAway)
      client.disconnect()
    },
  })
}

/** Resolves when the first attempt to connect has ended, well or not. */
async function firstAttempt(client: RedisClient): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  client.once('ready', resolve).once('error', () => resolve())
  await promise
}

/** Says once that the server went away and once that it is back, instead of once for every attempt. */
function connect(address: RedisAddress, patience: 'none' | 'endless', log: Log): RedisClient {
  const client = createRedisClient(address, patience)
  let isAway = false
  client.on('error', (err: Error) => {
    if (!isAway) log.warn({ err }, 'Redis is away; connecting again until it is back')
    isAway = true
  })
  client.on('ready', () => {
    if (isAway) log.info('Redis is back')
    isAway = false
  })
  return client
}
