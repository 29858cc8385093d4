import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { FeedPage } from '../../catalog/photos/feed-page.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { Recipes } from '../../photo/promised.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { answerKnown, notModified, tagged } from '../replies/conditional-get.ts'
import { endsOf, pageQuery, wishOf } from '../replies/page-query.ts'
import { ToldPhotos } from '../replies/photo-reply.ts'
import { ownerSchema, photoPageReply } from '../schemas/photo.ts'

type Dependencies = { catalog: Catalog; cdn: Cdn; recipes: Recipes }

const listSchema = {
  tags: ['photos'],
  security: [{ bearer: [] }],
  operationId: 'listPhotos',
  summary: "An owner's photos, newest first",
  description:
    'All of them for their owner; for others those that are public and ready. One of `before`, `after` and `around` at most.',
  params: Type.Object({ owner: ownerSchema }),
  querystring: pageQuery,
  response: {
    200: tagged(photoPageReply),
    304: notModified,
    ...problemReplies('token', 'invalid_cursor', 'invalid_photo_id', 'photo_not_found'),
  },
}

export function ownerPhotosRoute({ catalog, cdn, recipes }: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/owners/:owner/photos', { schema: listSchema }, async (request, reply) => {
      const { params, owner: viewer, query } = request
      const wish = await wishOf(query, catalog)
      // What others see of an owner is a feed of that owner alone.
      const page: FeedPage & { marks?: string[] } =
        params.owner === viewer
          ? await catalog.photos.list(viewer, viewer, wish)
          : await catalog.feeds.page([params.owner], wish)
      const ends = endsOf(page, query.around)

      const told = new ToldPhotos(page.photos, { viewer, wishes: query, cdn, recipes })
      const etag = page.marks ? told.etagByMarks(page.marks, ends) : told.etag(ends)
      if (answerKnown(request, reply, etag)) return reply
      return { ...told.page(), ...ends }
    })
  }
}
