import { createRedisBackend, Queue, withBackend } from 'bullmq'
import type { RedisAddress } from '../config/redis-url.ts'
import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import { answers, checkEvictionPolicy, checkWrites, type RedisClient } from '../redis/client.ts'
import { connect, firstAttempt } from '../redis/connection.ts'
import { isRedisDenial, isRedisRefusal, isRedisUnavailable } from '../redis/errors.ts'
import { type Payload, type PhotoJob, type PhotoWorker, QUEUE_NAMES } from './bullmq-backend.ts'
import { BullmqQueue } from './bullmq-queue.ts'
import { workerOptions } from './bullmq-work.ts'
import type { JobKind, Lane } from './job.ts'
import { patientBackend } from './patient-backend.ts'
import { countDelayed, countFailures, PREFIX, readDemand, readFailed, readStates } from './redis-jobs.ts'

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
      failed: async (after, limit) => await readFailed(client, after, limit),
      failedByCode: async () => await countFailures(client),
      demand: async () => await readDemand(client),
      delayed: async (lane, upTo) => await countDelayed(client, lane, upTo),
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

function setupErrorOf(reason: Error, { hosts, username }: RedisAddress): SetupError {
  const names = hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
  const why = reason.message.replace(/\.$/, '')
  const mend = isRedisDenial(reason)
    ? `Let its user do what a queue needs: ACL SETUSER ${username ?? 'default'} ${ACL_RULES}`
    : 'Put QUEUE_URL right'
  return new SetupError(`Redis at ${names} can't be used: ${why}. ${mend}.`, { cause: reason })
}
