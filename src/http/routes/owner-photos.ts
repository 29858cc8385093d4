import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { type FeedWish, TOP } from '../../catalog/feed-page.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import { parsePhotoId, WRITTEN_PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import type { Recipes } from '../../photo/promised.ts'
import { answerKnown, notModified, tagged } from '../conditional-get.ts'
import { CURSOR_PATTERN, cursorOf, cutOfCursor } from '../cursor.ts'
import { InvalidFieldError, PhotoNotFoundError } from '../errors.ts'
import { ToldPhotos } from '../photo-reply.ts'
import { problemReplies } from '../problem-replies.ts'
import { ownerSchema, photoPageReply } from '../schemas/photo.ts'
import { renditionWishes } from '../schemas/rendition-wishes.ts'

type Dependencies = { catalog: Catalog; cdn: Cdn; recipes: Recipes }

const PAGE_LIMIT = 30

const listQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: PAGE_LIMIT,
        description: 'a number from 1 to 100',
      }),
    ),
    before: Type.Optional(
      Type.String({ pattern: CURSOR_PATTERN, description: 'The `next` of a page: what is older.' }),
    ),
    after: Type.Optional(
      Type.String({ pattern: CURSOR_PATTERN, description: 'The `previous` of a page: what is newer.' }),
    ),
    around: Type.Optional(
      Type.String({
        pattern: WRITTEN_PHOTO_ID_PATTERN,
        description: 'The id or shortcode of a photo: it, and what is newer and older, half of each.',
      }),
    ),
    ...renditionWishes,
  },
  { additionalProperties: false },
)

const listSchema = {
  tags: ['photos'],
  security: [{ bearer: [] }],
  operationId: 'listPhotos',
  summary: "An owner's photos, newest first",
  description:
    'All of them for their owner; for others those that are public and ready. One of `before`, `after` and `around` at most.',
  params: Type.Object({ owner: ownerSchema }),
  querystring: listQuery,
  response: {
    200: tagged(photoPageReply),
    304: notModified,
    ...problemReplies('token', 'invalid_cursor', 'invalid_photo_id', 'photo_not_found'),
  },
}

export function ownerPhotosRoute({ catalog, cdn, recipes }: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/owners/:owner/photos', { schema: listSchema }, async (request, reply) => {
      const { limit = PAGE_LIMIT, before, after, around, ...wishes } = request.query
      const wish = await wishOf({ limit, before, after, around }, catalog)
      const { photos, ...cuts } = await catalog.photos.list(request.params.owner, request.owner, wish)
      // The photo that it is around may be another owner's, or hidden.
      if (around !== undefined && !photos.some(({ id }) => id === parsePhotoId(around)))
        throw new PhotoNotFoundError()
      const next = cuts.next && cursorOf(cuts.next)
      const previous = cuts.previous && cursorOf(cuts.previous)

      const told = new ToldPhotos(photos, { viewer: request.owner, wishes, cdn, recipes })
      if (answerKnown(request, reply, told.etag([next, previous]))) return reply
      return { ...told.page(), next, previous }
    })
  }
}

type Bounds = Record<'before' | 'after' | 'around', string | undefined> & { limit: number }

async function wishOf({ limit, before, after, around }: Bounds, { photos }: Catalog): Promise<FeedWish> {
  if ([before, after, around].filter((bound) => bound !== undefined).length > 1)
    throw new InvalidFieldError('Send one of "before", "after" and "around" at most.')

  if (around !== undefined) {
    const photo = await photos.find(parsePhotoId(around))
    if (!photo) throw new PhotoNotFoundError()
    const newer = Math.floor(limit / 2)
    return { cut: photo, newer, older: limit - newer }
  }
  if (after !== undefined) return { cut: cutOfCursor(after), newer: limit }
  return { cut: before === undefined ? TOP : cutOfCursor(before), older: limit }
}
