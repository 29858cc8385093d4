import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Catalog } from '../../catalog/catalog.ts'
import { MOST_FOLLOWED } from '../../catalog/feeds/follows.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { answerKnown, entityTagOf, notModified, tagged } from '../replies/conditional-get.ts'
import { ownerSchema } from '../schemas/photo.ts'
import { noQuery } from '../schemas/types.ts'

/** Of MOST_FOLLOWED owners, as long as they may be. */
const BODY_BYTES = 1024 * 1024

const common = { tags: ['feed'], security: [{ bearer: [] }], querystring: noQuery }
const ownerParams = Type.Object({ owner: ownerSchema }, { additionalProperties: false })

const following = Type.Object(
  {
    owners: Type.Array(ownerSchema, {
      maxItems: MOST_FOLLOWED,
      description: `up to ${MOST_FOLLOWED} owners, as the token's \`sub\` names them`,
    }),
  },
  { title: 'Following', additionalProperties: false },
)

const getSchema = {
  ...common,
  operationId: 'getFollowing',
  summary: 'Whom you follow',
  description: 'In the order in which you came to.',
  response: { 200: tagged(following), 304: notModified, ...problemReplies('token') },
}

const setSchema = {
  ...common,
  operationId: 'setFollowing',
  summary: 'Follow these, and no others',
  description:
    'For an app that keeps who follows whom itself. Again changes nothing; an owner named twice is one.',
  body: following,
  response: { 200: following, ...problemReplies('json') },
}

const followSchema = {
  ...common,
  operationId: 'follow',
  summary: 'Follow an owner',
  description: 'Again changes nothing. The owner need not have photos yet.',
  params: ownerParams,
  response: {
    204: Type.Null({ description: 'You follow the owner.' }),
    ...problemReplies('json', 'too_many_followed'),
  },
}

const unfollowSchema = {
  ...common,
  operationId: 'unfollow',
  summary: 'Follow an owner no more',
  description: 'Again changes nothing.',
  params: ownerParams,
  response: { 204: Type.Null({ description: 'You do not follow the owner.' }), ...problemReplies('json') },
}

export function followingRoutes({ catalog }: { catalog: Catalog }): FastifyPluginAsyncTypebox {
  const { follows } = catalog

  /** The viewer's own row says whom they follow; what owners are told of it may come later. */
  async function tell({ owner: viewer, log }: FastifyRequest): Promise<void> {
    await follows.tell(viewer).catch((err) => {
      log.warn({ viewer, err }, 'owners are told later who follows them')
    })
  }

  return async (app) => {
    app.get('/v1/following', { schema: getSchema }, async (request, reply) => {
      const { owners } = await follows.of(request.owner)
      if (answerKnown(request, reply, entityTagOf([request.owner, owners]))) return reply
      return { owners }
    })

    app.put('/v1/following', { schema: setSchema, bodyLimit: BODY_BYTES }, async (request) => {
      const owners = [...new Set(request.body.owners)]
      await follows.set(request.owner, owners)
      await tell(request)
      return { owners }
    })

    app.put('/v1/following/:owner', { schema: followSchema }, async (request, reply) => {
      await follows.add(request.owner, request.params.owner)
      await tell(request)
      return reply.code(204).send(null)
    })

    app.delete('/v1/following/:owner', { schema: unfollowSchema }, async (request, reply) => {
      await follows.remove(request.owner, request.params.owner)
      await tell(request)
      return reply.code(204).send(null)
    })
  }
}
