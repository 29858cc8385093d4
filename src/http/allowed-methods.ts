import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { MethodNotAllowedError } from './errors.ts'

/**
 * Lets paths that are there answer other methods with 405 and `Allow` (RFC 9110, 15.5.6) instead of a 404. To be called
 * before there are routes; what it returns, when all are there.
 */
export function collectAllowedMethods(app: FastifyInstance): () => void {
  // CONNECT has no path: Node closes its connection.
  const known = METHODS.filter((method) => method !== 'CONNECT')
  for (const method of known) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)

  const urls = new Set<string>()
  app.addHook('onRoute', ({ url }) => {
    urls.add(url)
  })

  return () => {
    for (const url of [...urls]) {
      const names = known.filter((method) => app.hasRoute({ method: method as HTTPMethods, url }))
      const refuse = async ({ method }: FastifyRequest, reply: FastifyReply) => {
        reply.header('allow', names.join(', '))
        throw new MethodNotAllowedError(method, names)
      }
      const others = known.filter((method) => !names.includes(method))
      app.route({ method: others, url, schema: { hide: true }, onRequest: refuse, handler: refuse })
    }
  }
}
