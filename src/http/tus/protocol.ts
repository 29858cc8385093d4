import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { UnsupportedTusVersionError } from '../errors.ts'
import { CHECKSUM_ALGORITHMS } from './checksum.ts'

const VERSION = '1.0.0'
const EXTENSIONS = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'expiration',
  'termination',
  'checksum',
]

export const UPLOADS_PATH = '/v1/uploads'
const OVERRIDDEN: ReadonlySet<string> = new Set(['PATCH', 'DELETE'])

/** The type of a body that is a piece of a photo. */
export const PIECE_TYPE = 'application/offset+octet-stream'

/** What clients in browsers may read of the replies. */
export const TUS_REPLY_HEADERS = [
  ...['Tus-Resumable', 'Tus-Version', 'Tus-Extension', 'Tus-Max-Size', 'Tus-Checksum-Algorithm'],
  ...['Upload-Offset', 'Upload-Length', 'Upload-Defer-Length', 'Upload-Metadata', 'Upload-Expires'],
  'Photo-Location',
]

/** Of a scope of routes: requests name our version of tus, and replies do (https://tus.io/protocols/resumable-upload#tus-resumable). */
export function speakTus(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (headers['tus-resumable'] === VERSION) return
    reply.header('tus-version', VERSION)
    throw new UnsupportedTusVersionError(VERSION)
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('tus-resumable', VERSION)
  })
}

/**
 * The method that is meant: by X-HTTP-Method-Override of a POST to an upload, where a network lets no others pass
 * (https://tus.io/protocols/resumable-upload#x-http-method-override).
 */
export function methodMeant({ method, headers }: IncomingMessage, path: string): string | undefined {
  const meant = String(headers['x-http-method-override'])
  return method === 'POST' && path.startsWith(`${UPLOADS_PATH}/`) && OVERRIDDEN.has(meant) ? meant : method
}

/** OPTIONS of the path where uploads begin: what there is of tus. It needs no token, as a preflight does not. */
export function describeTus(app: FastifyInstance, maxUploadBytes: number): void {
  app.options(UPLOADS_PATH, { schema: { hide: true } }, async (_request, reply) =>
    reply
      .code(204)
      .headers({
        'tus-resumable': VERSION,
        'tus-version': VERSION,
        'tus-extension': EXTENSIONS.join(','),
        'tus-max-size': maxUploadBytes,
        'tus-checksum-algorithm': CHECKSUM_ALGORITHMS.join(','),
      })
      .send(),
  )
}
