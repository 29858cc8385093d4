import type { FastifyInstance } from 'fastify'
import type { Ingested } from '../../ingest/ingest.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What an upload became, once it is known. */
    ingested: Ingested | null
  }
}

/** One line of the log for each upload, whatever became of it: how long its body was on the wire, and how large it was. */
export function logUploads(app: FastifyInstance): void {
  app.decorateRequest('ingested', null)
  app.addHook('onRequest', async (request, reply) => {
    const { raw, method } = request
    // Those bring nothing.
    if (method === 'HEAD' || method === 'DELETE') return
    const { socket } = raw
    const startedAt = performance.now()
    const bytesBefore = socket.bytesRead
    let wireMs: number | null = null
    const elapsed = () => Math.round(performance.now() - startedAt)
    raw.once('end', () => {
      wireMs = elapsed()
    })
    reply.raw.once('close', () => {
      const { photo, isNew } = request.ingested ?? {}
      const became = photo && { photoId: photo.id, format: photo.original.format, isNew }
      // Of a photo that was not taken in: what came of it.
      const bytes = photo?.original.bytes ?? socket.bytesRead - bytesBefore
      const { statusCode: status } = reply
      request.log.info(
        { status, bytes, wireMs: wireMs ?? elapsed(), ms: elapsed(), ...became },
        'upload ended',
      )
    })
  })
}
