import type { RedisClient, RedisPipeline } from '../redis/client.ts'
import { type JobPlace, type KeptState, MAX_DEMAND, QUEUE_NAMES } from './bullmq-backend.ts'
import { LANES } from './job.ts'
import type { LaneCounts } from './job-queue.ts'

/** What BullMQ does not tell, or not at once, asked of its keys themselves. */

/** In braces, so that all keys of both lanes lie in one slot of a cluster: BullMQ's scripts touch several at once. */
export const PREFIX = '{darkroom}'

/** As BullMQ names its keys. */
function redisKey(queue: string, name: string): string {
  return `${PREFIX}:${queue}:${name}`
}

/** A job that is done has no key; one that is kept as failed stands in the set of those. */
export async function readStates(client: RedisClient, places: readonly JobPlace[]): Promise<KeptState[]> {
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
export async function readDemand(client: RedisClient): Promise<LaneCounts> {
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
async function answersOf(pipeline: RedisPipeline): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? []
  const error = replies.find(([failure]) => failure)?.[0]
  if (error) throw error
  return replies.map(([, answer]) => answer)
}
