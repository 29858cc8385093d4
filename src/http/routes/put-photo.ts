import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { Ingest } from '../../ingest/ingest.ts'
import { parsePhotoId } from '../../photo/photo-id.ts'
import { compileInput } from '../check-input.ts'
import { forgoBody } from '../lingering-close.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { photoParams } from '../schemas/photo.ts'
import { uploadQuery } from '../schemas/photo-fields.ts'
import { BARE_CONTENT, BODY_PROBLEMS, uploadHeaders } from '../schemas/upload.ts'
import { traceOf } from '../trace.ts'
import { parseContentDigest } from '../upload/content-digest.ts'
import { announcedOf, BARE_TYPES, bareBody, refuseLarge } from '../upload/upload-body.ts'
import { createUploadReply, takenInReply, type UploadReplyDependencies } from '../upload/upload-reply.ts'
import { wishesOf } from '../upload/upload-wishes.ts'

type Dependencies = UploadReplyDependencies & {
  ingest: Ingest
  filters: FilterBook
  maxUploadBytes: number
}

/** PUT /v1/photos/:id: the bare bytes under an id of POST /v1/ids. One file, one URL, safe to repeat. */
export function putPhotoRoute({
  ingest,
  filters,
  maxUploadBytes,
  ...others
}: Dependencies): FastifyPluginAsyncTypebox {
  const replyToUpload = createUploadReply(others)
  const schema = {
    operationId: 'putPhoto',
    summary: 'Upload a photo under an id of yours',
    description:
      'The bare bytes under an id of `POST /v1/ids`. 201; again with the same bytes 200 and the same photo, as often as you like and also at the same time; with others 409 `id_taken`.',
    tags: ['photos'],
    security: [{ bearer: [] }],
    headers: uploadHeaders,
    params: photoParams,
    querystring: uploadQuery(filters.all.map(({ name }) => name)),
    body: { content: BARE_CONTENT },
    response: {
      200: takenInReply,
      201: takenInReply,
      ...problemReplies(
        'token',
        ...BODY_PROBLEMS,
        ...(['invalid_photo_id', 'id_unknown', 'id_taken', 'photo_deleted'] as const),
      ),
    },
  } as const

  return async (app) => {
    app.addContentTypeParser(BARE_TYPES, async () => null)

    app.put(
      '/v1/photos/:id',
      {
        schema,
        bodyLimit: maxUploadBytes,
        config: { asksForBody: true },
        // A body is read by the handler.
        validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileInput(part)),
        onRequest: refuseLarge(maxUploadBytes),
      },
      async (request, reply) => {
        const ingested = await ingest({
          ...(await wishesOf(request.query, filters)),
          owner: request.owner,
          trace: traceOf(request),
          id: parsePhotoId(request.params.id),
          digests: parseContentDigest(request.headers['content-digest']),
          announced: announcedOf(request),
          limits: request.limits,
          body: bareBody(request, reply),
        })
        request.ingested = ingested
        const { photo, isNew } = ingested

        forgoBody(request, reply, maxUploadBytes)
        reply.code(isNew ? 201 : 200)
        return await replyToUpload(request, reply, { photo, wishes: request.query })
      },
    )
  }
}
