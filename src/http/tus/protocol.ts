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

/** OPTIONS of the path where uploads begin: what there is of tus. It needs no token, as a preflight does not. */
export function describeTus(app: FastifyInstance, path: string, maxUploadBytes: number): void {
  app.options(path, { schema: { hide: true } }, async (_request, reply) =>
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
