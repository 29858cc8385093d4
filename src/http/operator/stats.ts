import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { statsReply } from '../schemas/operator.ts'
import { noQuery } from '../schemas/types.ts'
import { seldom } from './seldom.ts'

const HOUR_MS = 3_600_000

const schema = {
  operationId: 'getStats',
  summary: 'How much is stored, and how long photos of the last hour took until they were ready',
  description:
    'Nothing is counted for who looks: what is stored is counted once a day, as all objects are compared with the catalog. Times are told in steps of 5 %.',
  tags: ['operator'],
  security: [{ bearer: [] }],
  querystring: noQuery,
  response: { 200: statsReply, ...problemReplies('token', 'operator_only') },
}

type Dependencies = { catalog: Pick<Catalog, 'storageUse' | 'photoEvents'> }
type Times = Awaited<ReturnType<Catalog['photoEvents']['readyTimes']>>

/** GET /v1/stats. */
export function statsRoute({ catalog }: Dependencies): FastifyPluginAsyncTypebox {
  const stats = seldom(async () => {
    const [stored, times] = await Promise.all([
      catalog.storageUse.last(),
      catalog.photoEvents.readyTimes(new Date(Date.now() - HOUR_MS)),
    ])
    return { storage: stored && storageReply(stored), ready: readyReply(times) }
  })
  return async (app) => {
    app.get('/v1/stats', { schema }, async () => await stats())
  }
}

function storageReply({
  countedAt,
  originalBytes,
  renditionBytes,
  ...counts
}: NonNullable<Awaited<ReturnType<Catalog['storageUse']['last']>>>) {
  const bytes = originalBytes + renditionBytes
  return { ...counts, bytes, originalBytes, renditionBytes, asOf: countedAt.toISOString() }
}

/** By minute, those in which photos became ready, the first first; several databases may tell of the same one. */
function readyReply(times: Times) {
  const minutes = [...Map.groupBy(times, ({ minute }) => minute)].toSorted(([a], [b]) => a - b)
  return minutes.map(([minute, each]) => {
    const inOrder = each.toSorted((a, b) => a.ms - b.ms)
    return {
      at: new Date(minute).toISOString(),
      photos: countOf(inOrder),
      p50Ms: percentile(inOrder, 0.5),
      p95Ms: percentile(inOrder, 0.95),
    }
  })
}

/** So much that this part of the photos took no longer. */
function percentile(inOrder: Times, part: number): number {
  let left = part * countOf(inOrder)
  for (const { ms, photos } of inOrder) {
    left -= photos
    if (left <= 0) return Math.round(ms)
  }
  return 0
}

function countOf(times: Times): number {
  return times.reduce((sum, { photos }) => sum + photos, 0)
}
