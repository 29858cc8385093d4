import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { Recipes } from '../../photo/promised.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { answerKnown, notModified, tagged } from '../replies/conditional-get.ts'
import { endsOf, pageQuery, wishOf } from '../replies/page-query.ts'
import { ToldPhotos } from '../replies/photo-reply.ts'
import { photoPageReply } from '../schemas/photo.ts'

type Dependencies = { catalog: Catalog; cdn: Cdn; recipes: Recipes }

const schema = {
  tags: ['feed'],
  security: [{ bearer: [] }],
  operationId: 'getFeed',
  summary: 'The photos of those you follow, newest first',
  description:
    'Those that are public and ready, as they are at this moment. A page is short only at the end. One of `before`, `after` and `around` at most.',
  querystring: pageQuery,
  response: {
    200: tagged(photoPageReply),
    304: notModified,
    ...problemReplies('token', 'invalid_cursor', 'invalid_photo_id', 'photo_not_found'),
  },
}

export function feedRoute({ catalog, cdn, recipes }: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/feed', { schema }, async (request, reply) => {
      const page = await catalog.feeds.of(request.owner, await wishOf(request.query, catalog))
      const ends = endsOf(page, request.query.around)

      const told = new ToldPhotos(page.photos, { viewer: request.owner, wishes: request.query, cdn, recipes })
      if (answerKnown(request, reply, told.etagByMarks(page.marks, ends))) return reply
      return { ...told.page(), ...ends }
    })
  }
}
