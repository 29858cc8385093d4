import multipart from '@fastify/multipart'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import { PhotoTooLargeError } from '../../errors.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { Ingest } from '../../ingest/ingest.ts'
import { MAX_ALT } from '../../photo/photo.ts'
import { compileInput, textCheckOf } from '../check-input.ts'
import { replyOf } from '../photo-reply.ts'
import { preferenceApplied, preferredWait, preferWait } from '../prefer-wait.ts'
import { problemReplies } from '../problem-replies.ts'
import { requestedLook } from '../requested-look.ts'
import { photoReply } from '../schemas/photo.ts'
import { uploadFields } from '../schemas/photo-fields.ts'
import { renditionWishesQuery } from '../schemas/rendition-wishes.ts'
import type { SettleWatch } from '../settle-watch.ts'
import { isFilePart, readUploadForm, type UploadFields } from '../upload-form.ts'

type Dependencies = {
  ingest: Ingest
  catalog: Catalog
  settleWatch: SettleWatch
  cdn: Cdn
  filters: FilterBook
  basePath: string
  maxUploadBytes: number
}

const LIMITS = {
  // The limit of a file is ours, in the stream, where it throws; the parser's would cut the file silently.
  fileSize: Number.POSITIVE_INFINITY,
  // Four bytes a character at most; the parser calls cut what is exactly as long.
  fieldSize: 4 * MAX_ALT + 1,
  fieldNameSize: 100,
  fields: 20,
  files: 20,
  parts: 40,
}

/** What a form may have beside its file: boundaries, headers, and fields. */
const FORM_BYTES = 64 * 1024

const FORM_PROBLEMS = [
  'invalid_form',
  'missing_file',
  'too_many_files',
  'field_after_file',
  'empty_file',
  'upload_aborted',
  'photo_too_large',
  'too_many_uploads',
  'unsupported_format',
  'unsupported_media_type',
] as const

const FILE = Type.String({
  format: 'binary',
  minLength: 1,
  description: 'JPEG, HEIC, PNG, WebP, AVIF, GIF or TIFF. The last part, of any name.',
})

/**
 * POST /v1/photos. The form is read as a stream, so its fields are checked here and not by Fastify, by the schema that
 * OpenAPI shows.
 */
export function uploadRoute({
  ingest,
  catalog,
  settleWatch,
  basePath,
  cdn,
  filters,
  maxUploadBytes,
}: Dependencies): FastifyPluginAsyncTypebox {
  const fields = uploadFields(filters.all.map(({ name }) => name))
  const { properties, ...options } = fields
  const form = { ...options, properties: { ...properties, file: FILE }, required: ['file'] }
  const checkFields = textCheckOf(fields)
  const bodyLimit = maxUploadBytes + FORM_BYTES

  const schema = {
    operationId: 'uploadPhoto',
    summary: 'Upload one photo',
    description:
      'Answers when the original is safe; renditions follow. With `Prefer: wait=N` (RFC 7240) it answers when they are there, or after N seconds (60 at most).',
    tags: ['photos'],
    security: [{ bearer: [] }],
    consumes: ['multipart/form-data'],
    headers: preferWait,
    querystring: renditionWishesQuery,
    body: form,
    response: {
      201: {
        ...photoReply,
        headers: { location: { type: 'string', description: 'Path of the photo.' }, ...preferenceApplied },
      },
      ...problemReplies('token', ...FORM_PROBLEMS),
    },
  } as const

  return async (app) => {
    await app.register(multipart, {
      limits: LIMITS,
      throwFileSizeLimit: false,
      isPartAFile: isFilePart(Object.keys(properties)),
    })

    app.post(
      '/v1/photos',
      {
        schema,
        bodyLimit,
        // A form is read by readUploadForm.
        validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileInput(part)),
        onRequest: async ({ raw }) => {
          if (Number(raw.headers['content-length'] ?? 0) > bodyLimit)
            throw new PhotoTooLargeError(maxUploadBytes)
        },
      },
      async (request, reply) => {
        const { owner } = request
        const { fields, body } = await readUploadForm(request, checkFields)
        const photo = await ingest({ owner, body, ...wishesOf(fields, filters) })
        request.log.info({ photoId: photo.id, bytes: photo.original.bytes }, 'photo ingested')

        reply.code(201).header('location', `${basePath}/v1/photos/${photo.id}`)
        const seconds = preferredWait(request.headers.prefer)
        const audience = { viewer: owner, wishes: request.query, cdn }
        if (seconds === 0) return replyOf(photo, audience)

        await settleWatch.settled(photo.id, seconds * 1000)
        reply.header('preference-applied', `wait=${seconds}`)
        // The photo is taken in, whether or not it can be read back at this moment.
        const present = await catalog.photos.find(photo.id).catch(() => null)
        return replyOf(present ?? photo, audience)
      },
    )
  }
}

function wishesOf(
  { visibility = 'public', focus, filter, strength, alt }: UploadFields,
  filters: FilterBook,
) {
  const [x = 0, y = 0] = focus?.split(',').map(Number) ?? []
  return {
    visibility,
    alt: alt ?? null,
    focus: focus === undefined ? null : { x, y },
    look: filter === undefined ? null : requestedLook({ filter, strength }, filters),
  }
}
