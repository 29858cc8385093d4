import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import { InvalidCursorError, PhotoNotFoundError } from '../../errors.ts'
import { type PhotoId, parsePhotoId } from '../../photo/photo-id.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { replyOf } from '../photo-reply.ts'
import { errorReplies, ownerSchema, photoPageReply, photoParams, photoReply } from '../schemas.ts'

type Dependencies = { catalog: Catalog; queue: JobQueue; cdn: Cdn }

const common = { tags: ['photos'], security: [{ bearer: [] }] }

const findSchema = {
  ...common,
  operationId: 'getPhoto',
  summary: 'One photo with its signed URLs',
  params: photoParams,
  response: { 200: photoReply, ...errorReplies },
}

const listSchema = {
  ...common,
  operationId: 'listPhotos',
  summary: "An owner's photos, newest first",
  description: 'All of them for their owner; for others those that are public and ready.',
  params: Type.Object({ owner: ownerSchema }),
  querystring: Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 30 }),
    before: Type.Optional(Type.String({ description: 'The `next` of the page before.' })),
  }),
  response: { 200: photoPageReply, ...errorReplies },
}

const removeSchema = {
  ...common,
  operationId: 'deletePhoto',
  summary: 'Delete a photo of yours',
  description: 'It is gone for everybody at once; its objects and edge copies follow.',
  params: photoParams,
  response: { 204: Type.Null(), ...errorReplies },
}

export function photoRoutes({ catalog, queue, cdn }: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/photos/:id', { schema: findSchema }, async (request) => {
      const photo = await catalog.find(parsePhotoId(request.params.id))
      if (!photo || (photo.visibility === 'private' && photo.owner !== request.owner))
        throw new PhotoNotFoundError()
      return replyOf(photo, cdn)
    })

    app.get('/v1/owners/:owner/photos', { schema: listSchema }, async (request) => {
      const { limit, before } = request.query
      const page = { limit: limit + 1, before: before === undefined ? null : parseCursor(before) }
      const photos = await catalog.list(request.params.owner, request.owner, page)
      const shown = photos.slice(0, limit)
      return {
        photos: shown.map((photo) => replyOf(photo, cdn)),
        next: photos.length > limit ? (shown.at(-1)?.id ?? null) : null,
      }
    })

    app.delete('/v1/photos/:id', { schema: removeSchema }, async (request, reply) => {
      const id = parsePhotoId(request.params.id)
      if (!(await catalog.remove(id, request.owner))) throw new PhotoNotFoundError()
      await queue.enqueue({ kind: 'purge', photoId: id }).catch((err) => {
        request.log.warn({ photoId: id, err }, 'purge not enqueued; the sweep will')
      })
      return reply.code(204).send(null)
    })
  }
}

function parseCursor(text: string): PhotoId {
  try {
    return parsePhotoId(text)
  } catch (error) {
    throw new InvalidCursorError({ cause: error })
  }
}
