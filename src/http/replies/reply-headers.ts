import type { FastifyInstance } from 'fastify'

/** Signed URLs are for one viewer, and what they lead to changes; and JSON is never to be taken for anything else. */
export const JSON_HEADERS = {
  'cache-control': 'private, no-cache',
  'x-content-type-options': 'nosniff',
} as const

/** What every reply carries. */
export function addReplyHeaders(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => {
    const isJson = /[/+]json\b/.test(String(reply.getHeader('content-type')))
    if (isJson && !reply.hasHeader('cache-control')) reply.headers(JSON_HEADERS)
  })
}
