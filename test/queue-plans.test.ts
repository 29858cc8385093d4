import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { parseRedisUrl, type RedisAddress } from '../src/config/redis-url.ts'
import type { FailedPlace, JobQueue } from '../src/queue/job-queue.ts'
import { openPostgresQueue } from '../src/queue/postgres-queue.ts'
import { openRedisQueue } from '../src/queue/redis-queue.ts'
import { YieldingPace } from '../src/reprocess/pace.ts'
import { openTestDatabase } from './support/database.ts'
import { type Plan, rowsOf } from './support/plan.ts'
import { openTestRedis, testWithRedis } from './support/redis.ts'
import { silentLog } from './support/service.ts'

const MINUTES = 60_000
const WAITING = 100_000
const DELAYED = 100_000
/** Of each lane. */
const FAILED = 10_000
const PAGE = 50
/** As many as a page has, of each lane, or as `demand` counts of each state. */
const FEW = 1_100

/** Jobs of both lanes: many wait, some of them for a later time, and as many failed as are kept, some at the same moment. */
const MANY = `
  insert into bullmq.job (queue, id, seq, name, state, data, added_at_ms)
  select 'darkroom-batch', 'remake-' || n, n, 'remake', 'waiting', jsonb_build_object('photoId', n::text), n
  from generate_series(1, ${WAITING}) as n;
  insert into bullmq.job (queue, id, seq, name, state, data, added_at_ms, process_at_ms)
  select 'darkroom-batch', 'sample-' || n, n + ${WAITING}, 'sample', 'delayed', jsonb_build_object('photoId', n::text), n, 4e12 + n
  from generate_series(1, ${DELAYED}) as n;
  insert into bullmq.job (queue, id, seq, name, state, data, added_at_ms, finished_at_ms, failed_reason, attempts_made)
  select queue, kind || '-' || n, n + ${WAITING + DELAYED}, kind, 'failed', jsonb_build_object('photoId', n::text), n, 1000 + n / 5,
    case when n % 100 = 0 then 'original_missing: gone ' || n else 'corrupt_photo: torn ' || n end, 1
  from (values ('darkroom', 'resize'), ('darkroom-batch', 'finish')) as lane(queue, kind), generate_series(1, ${FAILED}) as n`

/** The same that failed, as BullMQ keeps them in Redis. */
const MANY_IN_REDIS = `
  for _, lane in ipairs({ { 'darkroom', 'resize' }, { 'darkroom-batch', 'finish' } }) do
    for n = 1, ${FAILED} do
      local name = lane[2] .. '-' .. n
      local at = 1000 + math.floor(n / 5)
      redis.call('ZADD', '{darkroom}:' .. lane[1] .. ':failed', at, name)
      redis.call('HSET', '{darkroom}:' .. lane[1] .. ':' .. name, 'name', lane[2], 'data', '{"photoId":"' .. n .. '"}',
        'atm', 1, 'finishedOn', at, 'failedReason', (n % 100 == 0 and 'original_missing' or 'corrupt_photo') .. ': why')
    end
  end`

/** All that failed, each once, the last first. */
async function walk(queue: JobQueue): Promise<string[]> {
  const keys: string[] = []
  for (let after: FailedPlace | null = null; ; ) {
    const page = await queue.failed(after, 1_000)
    keys.push(...page.jobs.map(({ key }) => key))
    after = page.next
    if (!after) return keys
  }
}

const CODES = [
  { code: 'corrupt_photo', count: 2 * FAILED * 0.99 },
  { code: 'original_missing', count: 2 * FAILED * 0.01 },
]

test('what is asked of the queue on PostgreSQL costs the same however many jobs wait, at once or later, and failed', {
  timeout: 3 * MINUTES,
}, async () => {
  await using database = await openTestDatabase()
  await using queue = openPostgresQueue(database.url, silentLog)
  await queue.check()
  await database.query(MANY)
  await database.query('vacuum analyze bullmq.job')
  const explaining = new pg.Client({ connectionString: database.url, options: '-c search_path=bullmq' })
  await explaining.connect()
  const query = pg.Pool.prototype.query as (statement: string, values: unknown[]) => Promise<unknown>
  const costly: string[] = []
  let asked = 0
  const { jobs: middle } = await queue.failed({ failedAt: new Date(2_000), key: '' }, 1)

  {
    using _asked = vi.spyOn(pg.Pool.prototype, 'query').mockImplementation(async function (
      this: pg.Pool,
      statement: string,
      values: unknown[],
    ) {
      const { rows } = await explaining.query(`explain (analyze, format json) ${statement}`, values)
      const plan = rows[0]['QUERY PLAN'][0].Plan as Plan
      if (mostOf(plan) > FEW) costly.push(`${mostOf(plan)} rows of ${statement}`)
      asked += 1
      return await query.call(this, statement, values)
    } as never)
    for (const after of [null, middle[0] ?? null])
      expect((await queue.failed(after, PAGE)).jobs).toHaveLength(PAGE)
    await queue.states(middle.map(({ job }) => job))
    await queue.oldestWaiting('batch')
    await queue.oldestWaiting('live')
    await queue.demand()
    expect(await paceOn(queue).allow(0)).toMatchObject({
      jobs: 0,
      heldBecause: expect.stringMatching(/^512 or more jobs wait/),
    })
  }
  await explaining.end()

  expect(costly).toEqual([])
  expect(asked).toBe(8)
  const all = await walk(queue)
  expect([all.length, new Set(all).size]).toEqual([2 * FAILED, 2 * FAILED])
  expect(await queue.failedByCode()).toEqual(CODES)
})

testWithRedis(
  'a page of those that failed is two questions to Redis, of no more than its own jobs',
  async ({ expect }) => {
    await using redis = await openTestRedis()
    await using queue = openRedisQueue(parseRedisUrl(redis.url) as RedisAddress, silentLog)
    await vi.waitFor(async () => await queue.check(), { timeout: MINUTES })
    await redis.command('eval', MANY_IN_REDIS, '0')
    const { next } = await queue.failed(null, PAGE)
    await redis.command('config', 'resetstat')

    expect((await queue.failed(next, PAGE)).jobs).toHaveLength(PAGE)

    const stats = String(await redis.command('info', 'commandstats'))
    const calls = Object.fromEntries(
      [...stats.matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)].map(([, name, count]) => [name, Number(count)]),
    )
    expect(calls).toMatchObject({ zrevrangebyscore: 4, hmget: PAGE })
    const all = await walk(queue)
    expect([all.length, new Set(all).size]).toEqual([2 * FAILED, 2 * FAILED])
    expect(await queue.failedByCode()).toEqual(CODES)
  },
)

/** What a run asks before it promises more. */
function paceOn(queue: JobQueue): YieldingPace {
  const unasked = {
    runs: { pace: async () => 0, paceOf: async () => null },
    replicas: { lags: async () => [] },
  }
  return new YieldingPace({ queue, ...unasked }, 1, { rate: null, share: null })
}

function mostOf(plan: Plan): number {
  return Math.max(rowsOf(plan), ...(plan.Plans ?? []).map(mostOf))
}
