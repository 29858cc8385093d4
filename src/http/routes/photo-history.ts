import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { PhotoEvent } from '../../catalog/events/photo-events.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import { FORMATS } from '../../photo/formats.ts'
import { originalKey, renditionKey } from '../../photo/object-keys.ts'
import type { Photo } from '../../photo/photo.ts'
import { addedAt, parsePhotoId } from '../../photo/photo-id.ts'
import type { Recipes } from '../../photo/promised.ts'
import { RENDITION_FORMATS } from '../../photo/rendition-formats.ts'
import type { Job } from '../../queue/job.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { PhotoNotFoundError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { replyOf } from '../replies/photo-reply.ts'
import { historyReply } from '../schemas/history.ts'
import { photoParams } from '../schemas/photo.ts'
import { renditionWishesQuery } from '../schemas/rendition-wishes.ts'

const schema = {
  operationId: 'getPhotoHistory',
  summary: "A photo's way in time",
  description:
    "Of a photo of yours; an operator may ask of anybody's, private or failed, and is told of its jobs and objects.",
  tags: ['photos'],
  security: [{ bearer: [] }],
  params: photoParams,
  querystring: renditionWishesQuery,
  response: { 200: historyReply, ...problemReplies('token', 'invalid_photo_id', 'photo_not_found') },
}

type Dependencies = {
  catalog: Pick<Catalog, 'photos' | 'photoEvents'>
  queue: Pick<JobQueue, 'states'>
  store: Pick<ObjectStore, 'head'>
  cdn: Cdn
  recipes: Recipes
}

/** GET /v1/photos/:id/history. */
export function photoHistoryRoute({
  catalog,
  queue,
  store,
  cdn,
  recipes,
}: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/photos/:id/history', { schema }, async ({ params, query, caller }) => {
      const { owner: viewer, isOperator } = caller
      const id = parsePhotoId(params.id)
      const found = await catalog.photos.findFor(viewer, id)
      if (!found || (found.photo.owner !== viewer && !isOperator)) throw new PhotoNotFoundError()
      const { photo, timing } = found
      const [events, jobs, objects] = await Promise.all([
        catalog.photoEvents.ofPhoto(id),
        isOperator ? jobsOf(queue, photo) : null,
        isOperator ? objectsOf(store, photo) : null,
      ])
      const audience = { viewer, isOperator, wishes: query, cdn, recipes, timing }
      return { photo: replyOf(photo, audience), events: events.map(happening), jobs, objects }
    })
  }
}

function happening({ id, type, visibility, timing, failureCode: failure }: PhotoEvent) {
  return { type, at: addedAt(id).toISOString(), visibility, timing, failure }
}

/** Those that there may be, as the photo is now. */
async function jobsOf(queue: Pick<JobQueue, 'states'>, { id: photoId, edition, wanted }: Photo) {
  const jobs: Job[] = [
    { kind: 'resize', photoId },
    { kind: 'import', photoId },
    { kind: 'filter', photoId, edition: wanted?.edition ?? edition },
    { kind: 'finish', photoId, edition },
    { kind: 'remake', photoId, edition: edition + 1 },
    { kind: 'purge', photoId },
  ]
  const states = await queue.states(jobs)
  return jobs.flatMap(({ kind, edition = null }, index) => {
    const state = states[index]
    if (!state || state.name === 'missing') return []
    const { code, message } = state.name === 'failed' ? state : { code: null, message: null }
    return [{ kind, edition, state: state.name, code, message }]
  })
}

/** All that it is shown by, each once. */
async function objectsOf(store: Pick<ObjectStore, 'head'>, photo: Photo) {
  const { id, adopted, original } = photo
  const { format, bytes } = original
  const contentType = format && FORMATS[format].contentType
  const renditions = new Map(
    photo.renditions.map((each) => [
      renditionKey(photo, each),
      { contentType: RENDITION_FORMATS[each.format].contentType, bytes: each.bytes },
    ]),
  )
  const own = adopted || format === null ? [] : [{ key: originalKey(id, format), contentType, bytes }]
  const kept = [...own, ...renditions.entries().map(([key, each]) => ({ key, ...each }))]
  const looked = kept.map(async (each) => {
    const isThere = await store.head(each.key).then(
      (info) => info !== null,
      () => null,
    )
    return { ...each, isThere }
  })
  const foreign = adopted ? [{ key: adopted.from, contentType, bytes, isThere: null }] : []
  return [...foreign, ...(await Promise.all(looked))]
}
