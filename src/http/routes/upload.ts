import multipart from '@fastify/multipart'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FilterBook } from '../../filters/filter-book.ts'
import { NO_DIGESTS } from '../../ingest/digests.ts'
import type { Ingest } from '../../ingest/ingest.ts'
import { MAX_ALT } from '../../photo/alt.ts'
import { compileInput, textCheckOf } from '../check-input.ts'
import { InvalidFieldError } from '../errors.ts'
import { forgoBody } from '../lingering-close.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { type UploadFields, uploadFields, uploadQuery } from '../schemas/photo-fields.ts'
import {
  BARE_CONTENT,
  BODY_PROBLEMS,
  FILE,
  idempotencyKey,
  idempotentReplayed,
  KEY_PROBLEMS,
  uploadHeaders,
} from '../schemas/upload.ts'
import { traceOf } from '../trace.ts'
import { parseContentDigest } from '../upload/content-digest.ts'
import { idempotencyKeyOf, KeyedRequests } from '../upload/idempotency.ts'
import { announcedOf, BARE_TYPES, bareBody, refuseLarge } from '../upload/upload-body.ts'
import { isFilePart, readUploadForm } from '../upload/upload-form.ts'
import { createUploadReply, takenInReply, type UploadReplyDependencies } from '../upload/upload-reply.ts'
import { wishesOf } from '../upload/upload-wishes.ts'

type Dependencies = UploadReplyDependencies & {
  ingest: Ingest
  filters: FilterBook
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

const PROBLEMS = [
  ...(['invalid_form', 'missing_file', 'too_many_files', 'field_after_file'] as const),
  ...BODY_PROBLEMS,
]

/**
 * POST /v1/photos, a form or the bare bytes of the photo. Both are read as a stream; so the fields of a form are checked
 * here and not by Fastify, by the schema that OpenAPI shows.
 */
export function uploadRoute({
  ingest,
  filters,
  maxUploadBytes,
  ...others
}: Dependencies): FastifyPluginAsyncTypebox {
  const names = filters.all.map(({ name }) => name)
  const fields = uploadFields(names)
  const { properties, ...options } = fields
  const file = { ...FILE, description: `${FILE.description} The last part, of any name.` }
  const form = { ...options, properties: { ...properties, file }, required: ['file'] }
  const checkFields = textCheckOf(fields)
  const replyToUpload = createUploadReply(others)
  const keyed = new KeyedRequests(others.catalog.idempotencyKeys)
  const bodyLimit = maxUploadBytes + FORM_BYTES

  const schema = {
    operationId: 'uploadPhoto',
    summary: 'Upload one photo',
    description:
      'As a form, or as the bare bytes of the photo with its fields in the query. Answers when the original is safe; renditions follow. With `Prefer: wait=N` (RFC 7240) it answers when they are there, or after N seconds (60 at most).',
    tags: ['photos'],
    security: [{ bearer: [] }],
    headers: Type.Object({ ...uploadHeaders.properties, ...idempotencyKey }),
    querystring: uploadQuery(names),
    body: {
      content: {
        'multipart/form-data': { schema: form },
        ...BARE_CONTENT,
      },
    },
    response: {
      201: { ...takenInReply, headers: { ...takenInReply.headers, ...idempotentReplayed } },
      ...problemReplies('token', ...PROBLEMS, ...KEY_PROBLEMS, 'photo_deleted'),
    },
  } as const

  return async (app) => {
    await app.register(multipart, {
      limits: LIMITS,
      throwFileSizeLimit: false,
      isPartAFile: isFilePart(Object.keys(properties)),
    })
    app.addContentTypeParser(BARE_TYPES, async () => null)

    app.post(
      '/v1/photos',
      {
        schema,
        bodyLimit,
        config: { asksForBody: true },
        // A body is read by the handler.
        validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileInput(part)),
        onRequest: refuseLarge(maxUploadBytes, FORM_BYTES),
      },
      async (request, reply) => {
        const { owner, query, limits } = request
        const digests = parseContentDigest(request.headers['content-digest'])
        const isForm = request.isMultipart()
        const { fields, body } = isForm
          ? await readUploadForm(request, reply, { checkFields: formFields(query), digests })
          : { fields: query, body: bareBody(request, reply) }
        // The digests and the length of a form are of all of it, not of its file.
        const asked = await wishesOf(fields, filters)
        const ofFile = isForm
          ? { digests: NO_DIGESTS, announced: null }
          : { digests, announced: announcedOf(request) }
        const upload = { ...asked, ...ofFile, trace: traceOf(request), owner, limits, body }
        const key = idempotencyKeyOf(request)
        const ingested =
          key === null
            ? await ingest({ ...upload, id: null })
            : await keyed.ingest(request, reply, { key, asked, upload, ingest })
        request.ingested = ingested
        forgoBody(request, reply, bodyLimit)

        reply.code(201)
        return await replyToUpload(request, reply, { photo: ingested.photo, wishes: query })
      },
    )
  }

  /** A form says all of its photo itself. */
  function formFields(query: UploadFields) {
    const misplaced = Object.keys(query).find((name) => Object.hasOwn(properties, name))
    if (misplaced) throw new InvalidFieldError(`"${misplaced}" belongs into the form, before its file.`)
    return checkFields
  }
}
