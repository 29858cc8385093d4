import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Complete } from '../../ingest/direct-uploads.ts'
import { parsePhotoId } from '../../photo/photo-id.ts'
import { preferWait } from '../prefer-wait.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { photoParams } from '../schemas/photo.ts'
import { renditionWishes } from '../schemas/rendition-wishes.ts'
import { traceOf } from '../trace.ts'
import { createUploadReply, takenInReply, type UploadReplyDependencies } from '../upload/upload-reply.ts'

const schema = {
  operationId: 'completeDirectUpload',
  summary: 'Make a photo of what was put into the store',
  description:
    'Looks at the bytes and takes them in: 201, or 200 when it was done before. What is no photo, or not what was announced, is deleted; another may be put to the same URL while that is good.',
  tags: ['photos'],
  security: [{ bearer: [] }],
  headers: preferWait,
  params: photoParams,
  querystring: Type.Object(renditionWishes, { additionalProperties: false }),
  response: {
    200: takenInReply,
    201: takenInReply,
    ...problemReplies(
      'token',
      ...(['invalid_photo_id', 'direct_upload_unknown', 'bytes_missing', 'wrong_size'] as const),
      ...(['digest_mismatch', 'empty_file', 'unsupported_format', 'photo_too_large'] as const),
      ...(['id_taken', 'photo_deleted', 'daily_limit_reached', 'too_many_uploads'] as const),
      'unsupported_media_type',
    ),
  },
} as const

/** POST /v1/direct-uploads/:id/complete: what an owner put into the store becomes their photo. */
export function completeDirectUploadRoute({
  complete,
  ...others
}: UploadReplyDependencies & { complete: Complete }): FastifyPluginAsyncTypebox {
  const replyToUpload = createUploadReply(others)
  return async (app) => {
    app.post('/v1/direct-uploads/:id/complete', { schema }, async (request, reply) => {
      const { owner, limits } = request
      const id = parsePhotoId(request.params.id)
      const ingested = await complete({ owner, id, limits, trace: traceOf(request) })
      request.ingested = ingested
      reply.code(ingested.isNew ? 201 : 200)
      return await replyToUpload(request, reply, { photo: ingested.photo, wishes: request.query })
    })
  }
}
