import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { ReplicaState } from '../../catalog/database/read-replica.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { type WebhookState, webhookStatus } from '../../webhooks/status.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { oneOf } from '../schemas/types.ts'

const healthReply = Type.Object({ status: Type.Literal('alive') })

const engineState = oneOf(['ready', 'unavailable'])
export const readyReply = Type.Object(
  {
    status: engineState,
    engines: Type.Object({
      database: oneOf(
        ['ready', 'partial', 'unavailable'],
        'Partial: of several databases some do not answer.',
      ),
      queue: engineState,
      storage: engineState,
      replicas: Type.Optional(
        oneOf(
          ['ready', 'partial', 'unavailable'],
          'Whether those that are configured are read from. Their databases answer for those that are not, so it is ready without them.',
        ),
      ),
    }),
    webhook: Type.Optional(
      oneOf(
        ['new', 'on', 'failing', 'off'],
        'Whether the app is told of what happens to photos, where a webhook is configured: `failing` while it takes nothing, `off` until an operator says so. The server takes work all the same.',
      ),
    ),
  },
  { title: 'Readiness' },
)

export type ReadyReply = Static<typeof readyReply>

type Dependencies = {
  catalog: Catalog
  queue: JobQueue
  store: ObjectStore
  /** Whether the app is to be told of what happens to photos. */
  hasWebhook: boolean
}

const CHECK_MS = 3_000
const OPTIONS = { logLevel: 'warn', config: { isAboutHealth: true } } as const

/**
 * For load balancers: alive means this process answers, ready means that every engine does. Of several databases
 * one is enough, as every server has the same: an owner's shard that is unavailable is so everywhere.
 */
export function healthRoutes({ catalog, queue, store, hasWebhook }: Dependencies): FastifyPluginAsyncTypebox {
  const { 503: unavailable, ...problems } = problemReplies('open')
  const healthSchema = {
    operationId: 'getHealth',
    summary: 'Is this process alive?',
    tags: ['health'],
    response: { 200: healthReply, ...problems },
  }
  const readySchema = {
    operationId: 'getReadiness',
    summary: 'Can it take work?',
    tags: ['health'],
    response: {
      200: readyReply,
      ...problems,
      // A server that is being stopped asks no engine.
      503: {
        ...unavailable,
        content: { 'application/json': { schema: readyReply }, ...unavailable?.content },
      },
    },
  }

  return async (app) => {
    app.get('/healthz', { schema: healthSchema, ...OPTIONS }, async () => ({
      status: 'alive' as const,
    }))

    app.get('/readyz', { schema: readySchema, ...OPTIONS }, async (_request, reply) => {
      const [database, queueState, storage] = await Promise.all([catalog.health, queue, store].map(stateOf))
      const engines = { database, queue: queueState, storage }
      const isReady = Object.values(engines).every((state) => state !== 'unavailable')
      const replicas = readFrom(await catalog.replicas.states())
      const webhook = hasWebhook ? await webhookOf(catalog) : null
      return reply.code(isReady ? 200 : 503).send({
        status: isReady ? 'ready' : 'unavailable',
        engines: { ...engines, ...(replicas && { replicas }) },
        ...(webhook && { webhook }),
      } as never)
    })
  }
}

/** Null when none is configured. */
function readFrom(replicas: readonly ReplicaState[]): 'ready' | 'partial' | 'unavailable' | null {
  if (replicas.length === 0) return null
  const inUse = replicas.filter(({ reason }) => reason === null).length
  if (inUse === replicas.length) return 'ready'
  return inUse > 0 ? 'partial' : 'unavailable'
}

/** Null while the database that knows does not answer. */
async function webhookOf(catalog: Catalog): Promise<WebhookState | null> {
  const status = await inTime(webhookStatus(catalog)).catch(() => null)
  return status?.state ?? null
}

async function stateOf(engine: { check(): Promise<unknown> }): Promise<'ready' | 'partial' | 'unavailable'> {
  try {
    return (await inTime(engine.check())) === 'partial' ? 'partial' : 'ready'
  } catch {
    return 'unavailable'
  }
}

/** Rejects when it takes longer than somebody who asks waits for. */
async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(reject, CHECK_MS)
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
