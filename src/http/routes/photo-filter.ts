import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { Look } from '../../photo/look/look.ts'
import { parsePhotoId } from '../../photo/photo-id.ts'
import type { Recipes } from '../../photo/promised.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { promiseJob } from '../../queue/promise-job.ts'
import { PhotoFailedError, PhotoNotFoundError } from '../errors.ts'
import { preferenceApplied, preferredWait, preferWait } from '../prefer-wait.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { replyOf } from '../replies/photo-reply.ts'
import type { SettleWatch } from '../replies/settle-watch.ts'
import { photoParams, photoReply } from '../schemas/photo.ts'
import { lookSchema } from '../schemas/photo-fields.ts'
import { type RenditionWishes, renditionWishesQuery } from '../schemas/rendition-wishes.ts'
import { traceOf } from '../trace.ts'
import { requestedLook } from '../upload/requested-look.ts'

type Dependencies = {
  catalog: Catalog
  queue: JobQueue
  cdn: Cdn
  recipes: Recipes
  filters: FilterBook
  settleWatch: SettleWatch
}

const common = {
  description:
    'Made from the original. The photo shows the look it has until all of the new one is there; `wanted` tells of it meanwhile. Of several changes the last one wins. 202 while it is made; with `Prefer: wait=N` (RFC 7240) 200 when it is shown within N seconds (60 at most).',
  tags: ['photos'],
  security: [{ bearer: [] }],
  headers: preferWait,
  params: photoParams,
  querystring: renditionWishesQuery,
  response: {
    200: { ...photoReply, headers: preferenceApplied },
    202: { ...photoReply, headers: preferenceApplied },
    ...problemReplies('json', 'invalid_photo_id', 'photo_not_found', 'photo_failed'),
  },
}

const removeSchema = {
  ...common,
  operationId: 'removeLook',
  summary: 'Show a photo of yours as it was taken',
}

type Change = FastifyRequest<{ Params: { id: string }; Querystring: RenditionWishes }>

/** PUT and DELETE /v1/photos/:id/filter: another look for a photo that is there already. */
export function photoFilterRoutes({
  catalog,
  queue,
  cdn,
  recipes,
  filters,
  settleWatch,
}: Dependencies): FastifyPluginAsyncTypebox {
  const change = async (request: Change, reply: FastifyReply, look: Look | null) => {
    const id = parsePhotoId(request.params.id)
    const edition = await catalog.looks.want(id, request.owner, { look })
    const photo = await catalog.photos.find(id)
    if (photo?.owner !== request.owner) throw new PhotoNotFoundError()
    if (edition === null) throw new PhotoFailedError()

    await promiseJob(queue, { kind: 'filter', photoId: id, edition, trace: traceOf(request) }, request.log)
    const audience = { viewer: request.owner, wishes: request.query, cdn, recipes }
    const seconds = preferredWait(request.headers.prefer)
    if (seconds === 0) return reply.code(202).send(replyOf(photo, audience))

    await settleWatch.settled(id, seconds * 1000)
    reply.header('preference-applied', `wait=${seconds}`)
    // The change is promised, whether or not the photo can be read back at this moment.
    const present = await catalog.photos.findFor(request.owner, id).catch(() => null)
    const { photo: shown, timing } = present ?? { photo, timing: null }
    return reply.code(shown.wanted ? 202 : 200).send(replyOf(shown, { ...audience, timing }))
  }

  const changeSchema = {
    ...common,
    operationId: 'changeLook',
    summary: 'Give a photo of yours another look',
    body: Type.Object(lookSchema(filters.all.map(({ name }) => name)), { additionalProperties: false }),
  }

  return async (app) => {
    app.put('/v1/photos/:id/filter', { schema: changeSchema }, async (request, reply) => {
      return await change(request, reply, await requestedLook(request.body, filters))
    })

    app.delete('/v1/photos/:id/filter', { schema: removeSchema }, async (request, reply) => {
      return await change(request, reply, null)
    })
  }
}
