import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { SettleWatch } from '../../catalog/settle-watch.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { Ingest } from '../../ingest/ingest.ts'
import { VISIBILITIES } from '../../photo/photo.ts'
import { replyOf } from '../photo-reply.ts'
import { preferredWait } from '../prefer-wait.ts'
import { errorReplies, photoReply } from '../schemas.ts'
import { readUploadForm } from '../upload-form.ts'

type Dependencies = {
  ingest: Ingest
  catalog: Catalog
  settleWatch: SettleWatch
  cdn: Cdn
  filters: FilterBook
  basePath: string
}

/** The form, for OpenAPI alone: it is read as a stream, so readUploadForm checks it and not Fastify. */
const form = {
  type: 'object',
  required: ['file'],
  properties: {
    filter: { type: 'string', description: 'One of `GET /v1/filters`.' },
    strength: { type: 'number', minimum: 0, maximum: 1, default: 1 },
    visibility: { type: 'string', enum: VISIBILITIES, default: 'public' },
    focus: { type: 'string', description: '`x,y` in 0..1 from the top left: what crops keep in sight.' },
    file: {
      type: 'string',
      format: 'binary',
      description: 'JPEG, HEIC, PNG, WebP, AVIF, GIF or TIFF. The last part.',
    },
  },
} as const

const schema = {
  operationId: 'uploadPhoto',
  summary: 'Upload one photo',
  description:
    'Answers when the original is safe; renditions follow. With `Prefer: wait=N` (RFC 7240) it answers when they are there, or after N seconds (60 at most).',
  tags: ['photos'],
  consumes: ['multipart/form-data'],
  security: [{ bearer: [] }],
  response: { 201: photoReply, ...errorReplies },
} as const

export function uploadRoute({
  ingest,
  catalog,
  settleWatch,
  basePath,
  cdn,
  filters,
}: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    const validatorCompiler = () => () => true
    app.post(
      '/v1/photos',
      { schema: { ...schema, body: form }, validatorCompiler },
      async (request, reply) => {
        const photo = await ingest({ owner: request.owner, ...(await readUploadForm(request, filters)) })
        request.log.info({ photoId: photo.id, bytes: photo.original.bytes }, 'photo ingested')

        reply.code(201).header('location', `${basePath}/v1/photos/${photo.id}`)
        const seconds = preferredWait(request.headers.prefer)
        if (seconds === 0) return replyOf(photo, cdn)

        await settleWatch.settled(photo.id, seconds * 1000)
        reply.header('preference-applied', `wait=${seconds}`)
        // The photo is taken in, whether or not it can be read back at this moment.
        const present = await catalog.find(photo.id).catch(() => null)
        return replyOf(present ?? photo, cdn)
      },
    )
  }
}
