import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { LANES, type Lane } from '../../queue/job.ts'
import type { FailedJob, JobQueue } from '../../queue/job-queue.ts'
import { failedJobs, retryJob } from '../../sweep/failed-jobs.ts'
import { problemReplies } from '../problem-replies.ts'
import { failedJobsReply, jobsReply, retriedReply } from '../schemas/operator.ts'
import { noQuery } from '../schemas/types.ts'
import { seldom } from './seldom.ts'

/** The names of more jobs are not read to tell them by kind. */
const MOST_BY_KIND = 50_000
/** More failed jobs are not told of. */
const MOST_FAILED = 10_000
/** So many are enqueued again by one request. */
const MOST_RETRIED = 1_000

const common = { tags: ['operator'], security: [{ bearer: [] }] }

const code = Type.Optional(
  Type.String({ minLength: 1, maxLength: 100, description: 'only those that failed with it' }),
)

const jobsSchema = {
  ...common,
  operationId: 'getJobs',
  summary: 'What waits, runs and failed, by lane and kind',
  description: 'Counted every few seconds at most, whoever looks; more seldom when there are very many.',
  querystring: noQuery,
  response: { 200: jobsReply, ...problemReplies('token', 'operator_only') },
}

const failedSchema = {
  ...common,
  operationId: 'getFailedJobs',
  summary: 'Jobs that failed for good, the last first, and how many by code',
  description: 'A job that failed is kept for 30 days.',
  querystring: Type.Object(
    {
      code,
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'a number from 1 to 1000' }),
      ),
    },
    { additionalProperties: false },
  ),
  response: { 200: failedJobsReply, ...problemReplies('token', 'operator_only') },
}

const retrySchema = {
  ...common,
  operationId: 'retryFailedJobs',
  summary: 'Enqueue failed jobs again',
  description: `As after a mistake was mended: photos that failed by them are processing again. Those that had failed by \`until\`, so that it is what was seen; up to ${MOST_RETRIED} of them: ask again while \`hasMore\`.`,
  querystring: noQuery,
  body: Type.Object(
    { code, until: Type.String({ format: 'date-time', description: 'the `asOf` of what was seen' }) },
    { additionalProperties: false },
  ),
  response: { 200: retriedReply, ...problemReplies('json', 'operator_only') },
}

type Dependencies = { queue: JobQueue; catalog: Pick<Catalog, 'photos'> }

/** The queue as an operator sees it. */
export function jobRoutes({ queue, catalog }: Dependencies): FastifyPluginAsyncTypebox {
  const jobs = seldom(async () => await jobsIn(queue))
  const failed = seldom(async () => await failedIn(queue))

  return async (app) => {
    app.get('/v1/jobs', { schema: jobsSchema }, async () => await jobs())

    app.get('/v1/jobs/failed', { schema: failedSchema }, async ({ query: { code, limit = 100 } }) => {
      const { all, isAll, asOf } = await failed()
      const chosen = code === undefined ? all : all.filter((each) => each.code === code)
      const byCode = Map.groupBy(all, (each) => each.code)
      const codes = [...byCode].map(([code, same]) => ({ code, count: same.length }))
      return {
        asOf,
        codes: codes.toSorted((a, b) => b.count - a.count),
        isAll,
        jobs: chosen.slice(0, limit).map(replyOf),
      }
    })

    app.post('/v1/jobs/retry', { schema: retrySchema }, async ({ body }) => {
      let retried = 0
      for await (const job of failedJobs(queue, { code: body.code, until: new Date(body.until) })) {
        if (retried === MOST_RETRIED) return { retried, hasMore: true }
        await retryJob({ queue, catalog }, job)
        retried += 1
      }
      // Whoever looks next sees what is left.
      await Promise.all([jobs({ isNew: true }), failed({ isNew: true })])
      return { retried, hasMore: false }
    })
  }
}

async function jobsIn(queue: JobQueue) {
  const ofLane = async (lane: Lane) => {
    const [counts, oldest] = await Promise.all([queue.counts(lane), queue.oldestWaiting(lane)])
    return { ...counts, oldestWaitingAt: oldest?.toISOString() ?? null }
  }
  const [live, batch] = await Promise.all(LANES.map(ofLane))
  const lanes = { live, batch } as Record<Lane, Awaited<ReturnType<typeof ofLane>>>
  const total = Object.values(lanes).reduce(
    (sum, { waiting, active, delayed, failed }) => sum + waiting + active + delayed + failed,
    0,
  )
  return { lanes, kinds: total <= MOST_BY_KIND ? await queue.totals() : null }
}

async function failedIn(queue: JobQueue): Promise<{ all: FailedJob[]; isAll: boolean }> {
  const all: FailedJob[] = []
  for await (const job of failedJobs(queue, {})) {
    if (all.length === MOST_FAILED) return { all: lastFirst(all), isAll: false }
    all.push(job)
  }
  return { all: lastFirst(all), isAll: true }
}

function lastFirst(jobs: readonly FailedJob[]): FailedJob[] {
  return jobs.toSorted((a, b) => b.failedAt.getTime() - a.failedAt.getTime())
}

function replyOf({ lane, job, code, message, attempts, failedAt }: FailedJob) {
  const { kind, photoId: photo } = job
  return { lane, kind, photo, code, message, attempts, failedAt: failedAt.toISOString() }
}
