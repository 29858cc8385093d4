import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import { isVisibleTo, type Photo } from '../../photo/photo.ts'
import type { Recipes } from '../../photo/promised.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { PhotoNotFoundError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { answerKnown, notModified, tagged } from '../replies/conditional-get.ts'
import { ToldPhotos } from '../replies/photo-reply.ts'
import { photoReply } from '../schemas/photo.ts'
import { renditionWishesQuery } from '../schemas/rendition-wishes.ts'

/** Several owners may have a photo of one name; of more than so many none is looked for. */
const MOST_OWNERS = 100

const params = Type.Object(
  {
    source: Type.String({
      pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
      examples: ['wordpress'],
      description:
        'What it was imported from, such as `google` or `wordpress`, or the `--source` of the import.',
    }),
    externalId: Type.String({
      minLength: 1,
      maxLength: 1024,
      examples: ['2019/05/boat.jpg'],
      pattern: '^[^\\u0000]+$',
      description: 'Its name there, percent-encoded: the report of the import tells it.',
    }),
  },
  { additionalProperties: false },
)

const schema = {
  tags: ['photos'],
  security: [{ bearer: [] }],
  operationId: 'getExternalPhoto',
  summary: 'A photo by its name in the system that it was imported from',
  description:
    'So that links of an old system can be redirected. Of several owners who have a photo of that name, it is yours, or else the first that you may see.',
  params,
  querystring: renditionWishesQuery,
  response: { 200: tagged(photoReply), 304: notModified, ...problemReplies('token', 'photo_not_found') },
}

export function externalPhotoRoutes({
  catalog,
  cdn,
  recipes,
}: {
  catalog: Pick<Catalog, 'imports' | 'photos'>
  cdn: Cdn
  recipes: Recipes
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/external/:source/:externalId', { schema }, async (request, reply) => {
      const { source, externalId } = request.params
      const ids = await catalog.imports.named(source, externalId, MOST_OWNERS)
      const photos = ids.length > 0 ? await catalog.photos.findAll(ids) : []
      const photo = firstFor(request.owner, photos)
      if (!photo) throw new PhotoNotFoundError()
      const told = new ToldPhotos([photo], { viewer: request.owner, wishes: request.query, cdn, recipes })
      if (answerKnown(request, reply, told.etag())) return reply
      const [only] = told.each()
      return only
    })
  }
}

function firstFor(viewer: OwnerId, photos: readonly Photo[]): Photo | undefined {
  const visible = photos
    .filter((photo) => isVisibleTo(viewer, photo))
    .toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
  return visible.find(({ owner }) => owner === viewer) ?? visible[0]
}
