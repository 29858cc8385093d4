import { Readable } from 'node:stream'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { incomingKey } from '../../photo/object-keys.ts'
import { parsePhotoId } from '../../photo/photo-id.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { compileInput } from '../check-input.ts'
import type { DirectGrants } from '../direct-grants.ts'
import { InvalidGrantError } from '../errors.ts'
import { photoParams } from '../schemas/photo.ts'
import { announcedOf, BARE_TYPES, bareBody } from '../upload/upload-body.ts'

const query = Type.Object(
  { expires: Type.String({ pattern: '^[0-9]{1,15}$' }), signature: Type.String() },
  { additionalProperties: false },
)

type Dependencies = {
  store: Pick<ObjectStore, 'put'>
  grants: DirectGrants
  maxUploadBytes: number
}

/**
 * PUT of a photo to where a grant says, without a token, as to a bucket: what `POST /v1/direct-uploads` leads to where
 * the store is a folder. Not in OpenAPI, as the URL is for who was given it.
 */
export function directBytesRoute({ store, grants, maxUploadBytes }: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(BARE_TYPES, async () => null)

    app.put(
      '/v1/direct-uploads/:id/bytes',
      {
        schema: { hide: true, params: photoParams, querystring: query },
        bodyLimit: maxUploadBytes,
        config: { asksForBody: true },
        validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileInput(part)),
      },
      async (request, reply) => {
        const { expires, signature } = request.query
        const type = request.headers['content-type'] ?? ''
        const grant = { type, bytes: announcedOf(request) ?? 0, expiresAt: new Date(Number(expires)) }
        const id = parsePhotoId(request.params.id)
        if (!grants.isGood({ ...grant, id }, signature)) throw new InvalidGrantError()
        await store.put(incomingKey(id), Readable.from(bareBody(request, reply), { objectMode: false }), {
          contentType: type,
        })
        return reply.code(200).send()
      },
    )
  }
}
