import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import { isVisibleTo } from '../../photo/photo.ts'
import { parsePhotoId, shardOf, WRITTEN_PHOTO_ID_PATTERN } from '../../photo/photo-id.ts'
import type { Recipes } from '../../photo/promised.ts'
import { shardOfOwner } from '../../photo/shard.ts'
import { deleteRenditions } from '../../places/all-renditions.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { promiseJob } from '../../queue/promise-job.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { PhotoNotFoundError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { answerKnown, notModified, tagged } from '../replies/conditional-get.ts'
import { ToldPhotos } from '../replies/photo-reply.ts'
import { photoParams, photoReply, photosReply } from '../schemas/photo.ts'
import { renditionWishes, renditionWishesQuery } from '../schemas/rendition-wishes.ts'
import { list, noQuery } from '../schemas/types.ts'
import { traceOf } from '../trace.ts'

/** Ids or shortcodes, separated by commas. */
const idsSchema = {
  ...list(
    Type.String({ pattern: WRITTEN_PHOTO_ID_PATTERN }),
    '1 to 100 ids or shortcodes, separated by commas',
  ),
  maxItems: 100,
}

type Dependencies = { catalog: Catalog; store: ObjectStore; queue: JobQueue; cdn: Cdn; recipes: Recipes }

const common = { tags: ['photos'], security: [{ bearer: [] }] }

const findSchema = {
  ...common,
  operationId: 'getPhoto',
  summary: 'One photo with its signed URLs',
  params: photoParams,
  querystring: renditionWishesQuery,
  response: {
    200: tagged(photoReply),
    304: notModified,
    ...problemReplies('token', 'invalid_photo_id', 'photo_not_found'),
  },
}

const findAllQuery = Type.Object({ ids: idsSchema, ...renditionWishes }, { additionalProperties: false })

const findAllSchema = {
  ...common,
  operationId: 'getPhotos',
  summary: 'Several photos at once',
  description: 'In the order of their ids in the query. What is not there, or not yours to see, is left out.',
  querystring: findAllQuery,
  response: {
    200: tagged(photosReply),
    304: notModified,
    ...problemReplies('token', 'invalid_photo_id'),
  },
}

const removeSchema = {
  ...common,
  operationId: 'deletePhoto',
  summary: 'Delete a photo of yours',
  description:
    'It is gone for everybody at once, and so are its renditions; the original and edge copies follow. 204 also when it was deleted before.',
  params: photoParams,
  querystring: noQuery,
  response: {
    204: Type.Null({ description: 'It is not there any more.' }),
    ...problemReplies('json', 'invalid_photo_id', 'photo_not_found'),
  },
}

export function photoRoutes({
  catalog,
  store,
  queue,
  cdn,
  recipes,
}: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/photos/:id', { schema: findSchema }, async (request, reply) => {
      const viewer = request.owner
      const found = await catalog.photos.findFor(viewer, parsePhotoId(request.params.id))
      if (!found || !isVisibleTo(viewer, found.photo)) throw new PhotoNotFoundError()
      const { photo, timing } = found
      const told = new ToldPhotos([photo], { viewer, wishes: request.query, cdn, recipes, timing })
      if (answerKnown(request, reply, told.etag())) return reply
      const [only] = told.each()
      return only
    })

    app.get('/v1/photos', { schema: findAllSchema }, async (request, reply) => {
      const { ids, ...wishes } = request.query
      const asked = [...new Set(ids.map(parsePhotoId))]
      const found = new Map((await catalog.photos.findAll(asked)).map((photo) => [photo.id, photo]))
      const visible = asked
        .flatMap((id) => found.get(id) ?? [])
        .filter((photo) => isVisibleTo(request.owner, photo))

      const told = new ToldPhotos(visible, { viewer: request.owner, wishes, cdn, recipes })
      if (answerKnown(request, reply, told.etag())) return reply
      return told.page()
    })

    app.delete('/v1/photos/:id', { schema: removeSchema }, async (request, reply) => {
      const id = parsePhotoId(request.params.id)
      // An id of the owner's shard may have been a photo of theirs whose row is purged by now. To be told of one that
      // is somebody else's in the same way gives nothing away.
      if (shardOf(id) !== shardOfOwner(request.owner)) throw new PhotoNotFoundError()
      if (await catalog.removals.remove(id, request.owner)) {
        await promiseJob(queue, { kind: 'purge', photoId: id, trace: traceOf(request) }, request.log)
        // The purge does it too, but many of them may wait, and nobody is to see it until then.
        await deleteRenditions(store, id).catch((err) => {
          request.log.warn({ photoId: id, err }, 'renditions of a deleted photo are left to its purge')
        })
      }
      return reply.code(204).send(null)
    })
  }
}
