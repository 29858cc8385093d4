import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { ID_HOURS } from '../../catalog/photos/reserved-ids.ts'
import { addedAt, PHOTO_ID_PATTERN, type PhotoId } from '../../photo/photo-id.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { noQuery } from '../schemas/types.ts'
import { idempotencyKey, idempotentReplayed } from '../schemas/upload.ts'
import { idempotencyKeyOf, KeyedRequests } from '../upload/idempotency.ts'

const MAX_IDS = 100

const wanted = Type.Object(
  {
    count: Type.Integer({ minimum: 1, maximum: MAX_IDS, description: `a whole number from 1 to ${MAX_IDS}` }),
  },
  { additionalProperties: false },
)

const idsReply = Type.Object(
  {
    ids: Type.Array(Type.String({ pattern: PHOTO_ID_PATTERN })),
    expiresAt: Type.String({ format: 'date-time', description: 'Until then they may be used.' }),
  },
  { title: 'Ids' },
)

const schema = {
  operationId: 'reserveIds',
  summary: 'Ids for photos of yours that are to come',
  description: `Each is for one photo: \`PUT /v1/photos/:id\` within ${ID_HOURS} hours. Nobody else can use them.`,
  tags: ['photos'],
  security: [{ bearer: [] }],
  querystring: noQuery,
  headers: Type.Object(idempotencyKey),
  body: wanted,
  response: {
    201: { ...idsReply, headers: idempotentReplayed },
    ...problemReplies('json', 'invalid_idempotency_key', 'idempotency_key_reused'),
  },
} as const

/** POST /v1/ids: ids before there are photos, so that an upload can be repeated. */
export function idsRoute({ catalog }: { catalog: Catalog }): FastifyPluginAsyncTypebox {
  const keyed = new KeyedRequests(catalog.idempotencyKeys)
  return async (app) => {
    app.post('/v1/ids', { schema }, async (request, reply) => {
      const { owner, body: asked } = request
      const key = idempotencyKeyOf(request)
      const ids =
        key === null
          ? await catalog.reservedIds.reserve(owner, asked.count)
          : await keyed.reserve(request, reply, { key, asked, count: asked.count })
      return reply.code(201).send({ ids, expiresAt: expiryOf(ids).toISOString() })
    })
  }
}

function expiryOf(ids: readonly PhotoId[]): Date {
  return new Date(addedAt(ids[0] as PhotoId).getTime() + ID_HOURS * 3_600_000)
}
