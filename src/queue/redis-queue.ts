import { createRedisBackend, Queue, withBackend } from 'bullmq'
import type { ChainableCommander } from 'ioredis'
import type { RedisAddress } from '../config/redis-url.ts'
import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  type JobPlace,
  type KeptState,
  MAX_DEMAND,
  type Payload,
  type PhotoJob,
  type PhotoWorker,
  QUEUE_NAMES,
} from './bullmq-backend.ts'
import { BullmqQueue } from './bullmq-queue.ts'
import { workerOptions } from './bullmq-work.ts'
import { type JobKind, LANES, type Lane } from './job.ts'
import type { LaneCounts } from './job-queue.ts'
import { patientBackend } from './patient-backend.ts'
import {
  answers,
  checkEvictionPolicy,
  checkWrites,
  createRedisClient,
  type RedisClient,
} from './redis-client.ts'
import { isRedisDenial, isRedisRefusal, isRedisUnavailable } from './redis-errors.ts'

/** In braces, so that all keys of both lanes lie in one slot of a cluster: BullMQ's scripts touch several at once. */
const PREFIX = '{darkroom}'

/** What a user of Redis must be allowed: its own keys, and all that is not dangerous but INFO, which tells of evictions. */
const ACL_RULES = `~${PREFIX}:* +@all -@dangerous +info`

/**
 * The queue on Redis or Valkey, alone, clustered or behind sentinels. While the server is unavailable, methods fail at
 * once and workers wait; both go on when it is back, and the sweep enqueues what it lost.
 */
export function openRedisQueue(address: RedisAddress, log: Log): BullmqQueue {
  const { client, trouble } = connect(address, 'none', log)
  const tried = firstAttempt(client)
  const queues = { live: openQueue(client, 'live'), batch: openQueue(client, 'batch') }

  return new BullmqQueue(
    {
      queues,
      states: async (places) => await readStates(client, places),
      oldestWaiting: async (lane) => {
        const [oldest] = await queues[lane].getJobs(['wait'], 0, 0, true)
        return oldest ? new Date(oldest.timestamp) : null
      },
      demand: async () => await readDemand(client),
      startWorker: (lane, processor) => startWorker(address, lane, processor, () => answers(client), log),
      // A command only says that there is no connection; that knows why.
      unavailableBecause: (error) => (isRedisUnavailable(error) ? (trouble() ?? error) : null),
      check: async () => {
        await tried
        try {
          const reason = trouble()
          if (reason) throw reason
          await checkEvictionPolicy(client)
          await checkWrites(client, `${PREFIX}:check`)
        } catch (error) {
          if (!(error instanceof Error) || error instanceof SetupError) throw error
          if (isRedisUnavailable(error) && !isRedisRefusal(error)) throw error
          throw setupErrorOf(error, address)
        }
      },
      close: async () => client.disconnect(),
    },
    log,
  )
}

function openQueue(client: RedisClient, lane: Lane) {
  const queue = new Queue<Payload, void, JobKind>(QUEUE_NAMES[lane], {
    connection: client,
    prefix: PREFIX,
    // Without these the first command waits for the server, however long that lasts.
    skipWaitingForReady: true,
    skipVersionCheck: true,
    skipMetasUpdate: true,
  })
  queue.on('error', () => {})
  return queue
}

/** As BullMQ names its keys. */
function redisKey(queue: string, name: string): string {
  return `${PREFIX}:${queue}:${name}`
}

/** A job that is done has no key; one that is kept as failed stands in the set of those. */
async function readStates(client: RedisClient, places: readonly JobPlace[]): Promise<KeptState[]> {
  const pipeline = client.pipeline()
  for (const { queue, key } of places)
    pipeline.zscore(redisKey(queue, 'failed'), key).hmget(redisKey(queue, key), 'timestamp', 'failedReason')
  const answers = await answersOf(pipeline)
  return places.map((_, index) => {
    const [timestamp, reason] = answers[index * 2 + 1] as (string | null)[]
    if (!timestamp) return { name: 'missing' }
    const isFailed = answers[index * 2] !== null
    return isFailed ? { name: 'failed', reason: reason ?? '' } : { name: 'pending' }
  })
}

/** BullMQ orders delayed jobs by their time, times 4,096, and a count. */
async function readDemand(client: RedisClient): Promise<LaneCounts> {
  const now = Date.now()
  const pipeline = client.pipeline()
  for (const lane of LANES) {
    const queue = QUEUE_NAMES[lane]
    pipeline.llen(redisKey(queue, 'wait')).llen(redisKey(queue, 'active'))
    pipeline.zcount(redisKey(queue, 'delayed'), '-inf', (now + 1) * 4096)
  }
  const counts = (await answersOf(pipeline)) as number[]
  const sum = (from: number) =>
    Math.min(
      counts.slice(from, from + 3).reduce((a, b) => a + b, 0),
      MAX_DEMAND,
    )
  return { live: sum(0), batch: sum(3) }
}

/** Throws the first error. */
async function answersOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? []
  const error = replies.find(([failure]) => failure)?.[0]
  if (error) throw error
  return replies.map(([, answer]) => answer)
}

/**
 * @NOTE BullMQ's own close waits for its connections to end, and those that are reconnecting never say that they
 * did. So while the server is unavailable we wait for the job alone; it is done again later, as nobody could be told.
 */
function startWorker(
  address: RedisAddress,
  lane: Lane,
  processor: (job: PhotoJob) => Promise<void>,
  isThere: () => Promise<boolean>,
  log: Log,
): PhotoWorker {
  const { client } = connect(address, 'endless', log)
  const patience = { name: 'Redis', isUnavailable: isRedisUnavailable, log }
  const { Worker } = withBackend((...given: Parameters<typeof createRedisBackend>) =>
    patientBackend(createRedisBackend(...given), patience),
  )
  let running: Promise<void> = Promise.resolve()
  const work = async (job: PhotoJob) => {
    const done = processor(job)
    running = done.catch(() => {})
    await done
  }
  const worker = new Worker<Payload, void, JobKind>(QUEUE_NAMES[lane], work, {
    ...workerOptions(lane),
    connection: client,
    prefix: PREFIX,
    // The check is its first question, and it remembers for ever that that one failed. Without the version it waits for
    // delayed jobs in whole seconds.
    skipVersionCheck: true,
  })
  return Object.assign(worker, {
    close: async () => {
      // At once, or the next job would begin before the answer comes.
      await worker.pause(true)
      const isUnavailable = !(await isThere())
      if (isUnavailable) await running
      await Worker.prototype.close.call(worker, isUnavailable)
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

/**
 * Says once that the server became unavailable and once that it is back, instead of once for every attempt. `trouble` is why
 * it is unavailable, or null.
 */
function connect(
  address: RedisAddress,
  patience: 'none' | 'endless',
  log: Log,
): { client: RedisClient; trouble(): Error | null } {
  let trouble: Error | null = null
  /** It connects anew then, and until it has, commands only say that there is no connection. A cluster's nodes do so by themselves. */
  let replica: Error | null = null
  const client = createRedisClient(address, patience, (error) => {
    if (address.kind !== 'cluster') replica = error
  })
  client.on('error', (error: Error & { lastNodeError?: Error }) => {
    const reason = error.lastNodeError ?? error
    if (!trouble)
      log.warn({ cause: reason.message }, 'Redis is unavailable; connecting again until it is back')
    trouble = reason
  })
  client.on('ready', () => {
    if (trouble) log.info('Redis is back')
    trouble = replica = null
  })
  return { client, trouble: () => trouble ?? replica }
}

function setupErrorOf(reason: Error, { hosts, username }: RedisAddress): SetupError {
  const names = hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
  const why = reason.message.replace(/\.$/, '')
  const mend = isRedisDenial(reason)
    ? `Let its user do what a queue needs: ACL SETUSER ${username ?? 'default'} ${ACL_RULES}`
    : 'Put QUEUE_URL right'
  return new SetupError(`Redis at ${names} can't be used: ${why}. ${mend}.`, { cause: reason })
}
