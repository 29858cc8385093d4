import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { parsePhotoId, WRITTEN_PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import { LANES, type Lane } from '../../queue/job.ts'
import type { FailedJob, FailedPage, FailedPlace, JobQueue } from '../../queue/job-queue.ts'
import { failedJobs, retryJob } from '../../sweep/failed-jobs.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { FAILED_PLACE_PATTERN, failedJobsReply, jobsReply, retriedReply } from '../schemas/operator.ts'
import { noQuery } from '../schemas/types.ts'
import { seldom } from './seldom.ts'

/** The names of more jobs are not read to tell them by kind. */
const MOST_BY_KIND = 50_000
/** So many that failed are looked at, where those with a code are asked for. */
const LOOKED_AT = 1_000
/** So many are enqueued again by one request. */
const MOST_RETRIED = 200

const common = { tags: ['operator'], security: [{ bearer: [] }] }

const code = Type.Optional(
  Type.String({ minLength: 1, maxLength: 100, description: 'only those that failed with it' }),
)
const photo = Type.Optional(
  Type.String({ pattern: WRITTEN_PHOTO_ID_PATTERN, description: 'only those of this photo' }),
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
  description:
    'A job that failed is kept for 30 days, of a lane the last 10,000. How many there are by code is counted every few seconds at most, whoever looks. With a `code` a page may have few or none though more follow: ask again while there is a `next`.',
  querystring: Type.Object(
    {
      code,
      after: Type.Optional(
        Type.String({ pattern: FAILED_PLACE_PATTERN, description: 'The `next` of a page.' }),
      ),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'a number from 1 to 1000' }),
      ),
    },
    { additionalProperties: false },
  ),
  response: { 200: failedJobsReply, ...problemReplies('token', 'operator_only', 'invalid_cursor') },
}

const retrySchema = {
  ...common,
  operationId: 'retryFailedJobs',
  summary: 'Enqueue failed jobs again',
  description: `As after a mistake was mended: photos that failed by them are processing again. Those of a \`photo\`, or those that had failed by \`until\`, so that it is what was seen; up to ${MOST_RETRIED} of them: ask again while \`hasMore\`.`,
  querystring: noQuery,
  body: Type.Object(
    {
      code,
      photo,
      until: Type.Optional(
        Type.String({ format: 'date-time', description: 'the `asOf` of what was seen, as a time' }),
      ),
    },
    { additionalProperties: false, anyOf: [{ required: ['photo'] }, { required: ['until'] }] },
  ),
  response: { 200: retriedReply, ...problemReplies('json', 'operator_only') },
}

type Dependencies = { queue: JobQueue; catalog: Pick<Catalog, 'photos'> }

/** The queue as an operator sees it. */
export function jobRoutes({ queue, catalog }: Dependencies): FastifyPluginAsyncTypebox {
  const jobs = seldom(async () => await jobsIn(queue))
  const failedCodes = seldom(async () => ({ codes: await queue.failedByCode() }))

  return async (app) => {
    app.get('/v1/jobs', { schema: jobsSchema }, async () => await jobs())

    app.get('/v1/jobs/failed', { schema: failedSchema }, async ({ query }) => {
      const { code, after, limit = 100 } = query
      const page = await failedPage(queue, {
        code,
        after: after === undefined ? null : placeOf(after),
        limit,
      })
      return {
        ...(await failedCodes()),
        jobs: page.jobs.map(replyOf),
        next: page.next && cursorOf(page.next),
      }
    })

    app.post('/v1/jobs/retry', { schema: retrySchema }, async ({ body }) => {
      const { code, photo, until } = body
      const chosen = {
        code,
        photo: photo === undefined ? undefined : parsePhotoId(photo),
        until: until === undefined ? undefined : new Date(until),
      }
      let retried = 0
      for await (const job of failedJobs(queue, chosen)) {
        if (retried === MOST_RETRIED) return { retried, hasMore: true }
        await retryJob({ queue, catalog }, job)
        retried += 1
      }
      // Whoever looks next sees what is left.
      await Promise.all([jobs({ isNew: true }), failedCodes({ isNew: true })])
      return { retried, hasMore: false }
    })
  }
}

/** One page of all; of those with a code what one page of all has of them, and the place behind that. */
async function failedPage(
  queue: Pick<JobQueue, 'failed'>,
  { code, after, limit }: { code: string | undefined; after: FailedPlace | null; limit: number },
): Promise<FailedPage> {
  if (code === undefined) return await queue.failed(after, limit)
  const { jobs, next } = await queue.failed(after, LOOKED_AT)
  const found = jobs.filter((job) => job.code === code)
  return found.length > limit
    ? { jobs: found.slice(0, limit), next: found[limit - 1] ?? null }
    : { jobs: found, next }
}

function cursorOf({ failedAt, key }: FailedPlace): string {
  return `${failedAt.getTime()}-${key}`
}

function placeOf(cursor: string): FailedPlace {
  const end = cursor.indexOf('-')
  return { failedAt: new Date(Number(cursor.slice(0, end))), key: cursor.slice(end + 1) }
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

function replyOf({ lane, job, code, message, attempts, failedAt }: FailedJob) {
  const { kind, photoId: photo } = job
  return { lane, kind, photo, code, message, attempts, failedAt: failedAt.toISOString() }
}
