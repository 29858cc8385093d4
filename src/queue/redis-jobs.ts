import type { RedisClient, RedisPipeline } from '../redis/client.ts'
import {
  type JobPlace,
  type KeptFailure,
  type KeptFailures,
  type KeptState,
  MAX_DEMAND,
  QUEUE_NAMES,
} from './bullmq-backend.ts'
import { readReason } from './failure-reason.ts'
import { type JobKind, LANES, type Lane } from './job.ts'
import type { FailedPlace, LaneCounts } from './job-queue.ts'

/** What BullMQ does not tell, or not at once, asked of its keys themselves. */

/** In braces, so that all keys of both lanes lie in one slot of a cluster: BullMQ's scripts touch several at once. */
export const PREFIX = '{darkroom}'

const REASONS_AT_ONCE = 1_000

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

/** The names of the next, by when they failed, and then what is kept of these. */
export async function readFailed(
  client: RedisClient,
  after: FailedPlace | null,
  limit: number,
): Promise<KeptFailures> {
  const named = client.pipeline()
  const ms = after?.failedAt.getTime()
  for (const lane of LANES) {
    const failed = redisKey(QUEUE_NAMES[lane], 'failed')
    // Of those that failed at the same moment some may be behind it: they are few.
    if (ms !== undefined) named.zrevrangebyscore(failed, ms, `${ms}`, 'WITHSCORES')
    named.zrevrangebyscore(
      failed,
      ms === undefined ? '+inf' : `(${ms}`,
      '-inf',
      'WITHSCORES',
      'LIMIT',
      0,
      limit,
    )
  }
  const answers = (await answersOf(named)) as string[][]
  const each = answers.length / LANES.length
  const places = answers
    .flatMap((answer, n) => placesOf(LANES[Math.floor(n / each)] as Lane, answer))
    .filter((place) => after === null || isBehind(place, after))
    .toSorted((a, b) => (isBehind(a, b) ? 1 : -1))
  const page = places.slice(0, limit)
  const last = page.length < limit ? null : page.at(-1)
  const next = last ? { failedAt: last.failedAt, key: last.key } : null
  return { failures: await failuresAt(client, page), next }
}

/** In pages, so that nobody waits for long behind any of them. */
export async function countFailures(client: RedisClient): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const lane of LANES) {
    const keys = await client.zrange(redisKey(QUEUE_NAMES[lane], 'failed'), '0', '-1')
    for (let start = 0; start < keys.length; start += REASONS_AT_ONCE) {
      const pipeline = client.pipeline()
      for (const key of keys.slice(start, start + REASONS_AT_ONCE))
        pipeline.hget(redisKey(QUEUE_NAMES[lane], key), 'failedReason')
      for (const reason of (await answersOf(pipeline)) as (string | null)[]) {
        // One that was enqueued afresh meanwhile has none.
        if (reason === null) continue
        const { code } = readReason(reason)
        counts.set(code, (counts.get(code) ?? 0) + 1)
      }
    }
  }
  return counts
}

type LanePlace = FailedPlace & { lane: Lane }

/** Names and scores, one after the other. */
function placesOf(lane: Lane, answer: readonly string[]): LanePlace[] {
  return Array.from({ length: answer.length / 2 }, (_, n) => ({
    lane,
    key: answer[n * 2] as string,
    failedAt: new Date(Number(answer[n * 2 + 1])),
  }))
}

function isBehind(place: FailedPlace, other: FailedPlace): boolean {
  const ms = place.failedAt.getTime() - other.failedAt.getTime()
  return ms < 0 || (ms === 0 && place.key < other.key)
}

async function failuresAt(client: RedisClient, places: readonly LanePlace[]): Promise<KeptFailure[]> {
  if (places.length === 0) return []
  const pipeline = client.pipeline()
  for (const { lane, key } of places)
    pipeline.hmget(redisKey(QUEUE_NAMES[lane], key), 'name', 'data', 'atm', 'failedReason', 'finishedOn')
  const rows = (await answersOf(pipeline)) as (string | null)[][]
  return places.flatMap((place, n): KeptFailure[] => {
    const [kind, data, attempts, reason, finishedOn] = rows[n] as (string | null)[]
    // One that was enqueued afresh meanwhile has not failed.
    if (!kind || !finishedOn) return []
    return [
      {
        ...place,
        kind: kind as JobKind,
        payload: JSON.parse(data ?? '{}'),
        attempts: Number(attempts ?? 0),
        reason: reason ?? '',
      },
    ]
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

export async function countDelayed(client: RedisClient, lane: Lane, upTo: number): Promise<number> {
  return Math.min(await client.zcard(redisKey(QUEUE_NAMES[lane], 'delayed')), upTo)
}

/** Throws the first error. */
async function answersOf(pipeline: RedisPipeline): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? []
  const error = replies.find(([failure]) => failure)?.[0]
  if (error) throw error
  return replies.map(([, answer]) => answer)
}
