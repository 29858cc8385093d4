import { redis } from '../../scripts/services/redis.ts'
import { startTemporarily } from '../../scripts/services/running-service.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { Job } from '../../src/queue/job.ts'
import { type Home, openHome } from '../darkroom.ts'
import { isMeasurable } from '../installed.ts'
import { type Line, ratio, value } from '../line.ts'
import { compare, rateOf } from '../measure.ts'

const JOBS = 1000
const AT_ONCE = 8
const ROUNDS = 5

/** Jobs that do nothing, by one worker: the queue on PostgreSQL against the queue on Redis. */
export const jobs: Line = {
  name: 'jobs',
  measure: async (bench) => {
    await using onPostgres = await openHome(bench)
    if (!isMeasurable('jobs on Redis', redis)) {
      return [
        value('jobs promised on PostgreSQL', 'jobs/s', await promiseRate(onPostgres)),
        value('jobs done on PostgreSQL', 'jobs/s', await workRate(onPostgres)),
      ]
    }
    await using server = await startTemporarily(redis)
    await using onRedis = await openHome(bench, server.env)
    const beside = (rate: (home: Home) => Promise<number>) =>
      compare({ ours: () => rate(onPostgres), against: () => rate(onRedis) }, bench.rounds(ROUNDS))
    return [
      ratio('jobs promised on PostgreSQL / on Redis', 'jobs/s', await beside(promiseRate)),
      ratio('jobs done on PostgreSQL / on Redis', 'jobs/s', await beside(workRate)),
    ]
  },
}

async function promiseRate(home: Home): Promise<number> {
  const rate = await rateOf(JOBS, () => promiseJobs(home))
  await doJobs(home)
  return rate
}

async function workRate(home: Home): Promise<number> {
  await promiseJobs(home)
  return await rateOf(JOBS, () => doJobs(home))
}

async function promiseJobs({ services: { queue } }: Home): Promise<void> {
  let promised = 0
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    while (promised < JOBS) await queue.enqueue({ kind: 'resize', photoId: String(promised++) as PhotoId })
  })
  await Promise.all(lanes)
}

async function doJobs({ services: { queue } }: Home): Promise<void> {
  const { promise: allDone, resolve, reject } = Promise.withResolvers<void>()
  let done = 0
  const count = async (_job: Job) => {
    done += 1
    if (done === JOBS) resolve()
  }
  // Disposing waits for the last one to be marked as done.
  await using _work = queue.work({
    lane: 'live',
    handlers: {
      resize: count,
      import: count,
      filter: count,
      purge: count,
      finish: count,
      remake: count,
      sample: count,
      fanout: count,
    },
    onFailed: async (_job, error) => reject(error),
  })
  await allDone
}
