import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { ID_HOURS } from '../../catalog/reserved-ids.ts'
import { addedAt, PHOTO_ID_PATTERN, type PhotoId } from '../../photo/photo-id.ts'
import { problemReplies } from '../problem-replies.ts'
import { noQuery } from '../schemas/types.ts'

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
  body: wanted,
  response: { 201: idsReply, ...problemReplies('json') },
} as const

/** POST /v1/ids: ids before there are photos, so that an upload can be repeated. */
export function idsRoute({ catalog }: { catalog: Catalog }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/v1/ids', { schema }, async (request, reply) => {
      const ids = await catalog.reservedIds.reserve(request.owner, request.body.count)
      return reply.code(201).send({ ids, expiresAt: expiryOf(ids).toISOString() })
    })
  }
}

function expiryOf(ids: readonly PhotoId[]): Date {
  return new Date(addedAt(ids[0] as PhotoId).getTime() + ID_HOURS * 3_600_000)
}
