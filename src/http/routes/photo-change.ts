import { isDeepStrictEqual } from 'node:util'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { Log } from '../../log.ts'
import type { Focus, Photo } from '../../photo/photo.ts'
import { type PhotoId, parsePhotoId } from '../../photo/photo-id.ts'
import type { Recipes } from '../../photo/promised.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { movePhoto } from '../../places/move-photo.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { promiseJob } from '../../queue/promise-job.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { PhotoFailedError, PhotoNotFoundError } from '../errors.ts'
import { preferenceApplied, preferredWait, preferWait } from '../prefer-wait.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { replyOf } from '../replies/photo-reply.ts'
import type { SettleWatch } from '../replies/settle-watch.ts'
import { photoParams, photoReply } from '../schemas/photo.ts'
import { photoChange } from '../schemas/photo-fields.ts'
import { renditionWishesQuery } from '../schemas/rendition-wishes.ts'

type Dependencies = {
  catalog: Catalog
  queue: JobQueue
  store: ObjectStore
  cdn: Cdn
  recipes: Recipes
  settleWatch: SettleWatch
  log: Log
}

const schema = {
  operationId: 'changePhoto',
  summary: 'Change the visibility, the focus or the alt text of a photo of yours',
  description:
    'Any of them; what is left out stays. Another visibility gives all renditions other URLs, and those before stop working. Another focus is made as another look is: 202, and `wanted` tells of it, while the photo shows the one it has; with `Prefer: wait=N` (RFC 7240) 200 when it is shown within N seconds (60 at most). May be repeated.',
  tags: ['photos'],
  security: [{ bearer: [] }],
  headers: preferWait,
  params: photoParams,
  querystring: renditionWishesQuery,
  body: photoChange,
  response: {
    200: { ...photoReply, headers: preferenceApplied },
    202: { ...photoReply, headers: preferenceApplied },
    ...problemReplies('json', 'invalid_photo_id', 'photo_not_found', 'photo_failed'),
  },
}

/** PATCH /v1/photos/:id: what is said of a photo that is there already. */
export function photoChangeRoute({
  catalog,
  queue,
  store,
  cdn,
  recipes,
  settleWatch,
  log,
}: Dependencies): FastifyPluginAsyncTypebox {
  const findOwn = async (id: PhotoId, owner: OwnerId) => {
    const found = await catalog.photos.findFor(owner, id)
    if (found?.photo.owner !== owner) throw new PhotoNotFoundError()
    return found
  }

  const changeFocus = async ({ id, owner, focus: present, wanted }: Photo, focus: Focus | null) => {
    if (isDeepStrictEqual(wanted ? wanted.focus : present, focus)) return
    const edition = await catalog.looks.want(id, owner, { focus })
    if (edition === null) {
      await findOwn(id, owner)
      throw new PhotoFailedError()
    }
    await promiseJob(queue, { kind: 'filter', photoId: id, edition }, log)
  }

  return async (app) => {
    app.patch('/v1/photos/:id', { schema }, async (request, reply) => {
      const { owner, body } = request
      const id = parsePhotoId(request.params.id)
      const { photo: before } = await findOwn(id, owner)
      if (body.focus !== undefined && before.status === 'failed') throw new PhotoFailedError()
      if (body.alt !== undefined) await catalog.photos.describe(id, owner, body.alt)
      if (body.visibility) await movePhoto({ catalog, store, cdn }, id, body.visibility, log)
      if (body.focus !== undefined) await changeFocus(before, body.focus)

      const seconds = preferredWait(request.headers.prefer)
      if (seconds > 0) {
        await settleWatch.settled(id, seconds * 1000)
        reply.header('preference-applied', `wait=${seconds}`)
      }
      const { photo, timing } = await findOwn(id, owner)
      return reply
        .code(body.focus !== undefined && photo.wanted ? 202 : 200)
        .send(replyOf(photo, { viewer: owner, wishes: request.query, cdn, recipes, timing }))
    })
  }
}
