import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { BodyTooLargeError, ExpectationFailedError, InvalidRequestError } from '../errors.ts'

/** Whether the request announces a body (RFC 9112, 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Whether the client holds its body back until it is told to go on, and was not told yet. */
export function waitsForContinue(request: IncomingMessage): boolean {
  return WAITING.has(request)
}

const WAITING = new WeakSet<IncomingMessage>()

/**
 * A body is asked for when its token and its length were looked at, not before: the length that is announced is held
 * against the route's limit, and a client that sent `Expect: 100-continue` is told to go on only then.
 */
export function addBodyRules(app: FastifyInstance): void {
  app.server.on('checkContinue', (request, response) => {
    WAITING.add(request)
    app.routing(request, response)
  })

  app.server.on('checkExpectation', (request, response) => app.routing(request, response))

  app.addHook('onRequest', async ({ raw }) => {
    const { host, expect } = raw.headers
    if (host === undefined && raw.httpVersion === '1.1')
      throw new InvalidRequestError('The header Host is missing.')
    if (expect !== undefined && !WAITING.has(raw)) throw new ExpectationFailedError()
    // Axios and generated clients name a type with every DELETE. Without a body it says nothing.
    if (!hasBody(raw)) delete raw.headers['content-type']
  })

  app.addHook('preParsing', async ({ raw, routeOptions }, reply) => {
    const { bodyLimit } = routeOptions
    if (Number(raw.headers['content-length'] ?? 0) > bodyLimit) throw new BodyTooLargeError(bodyLimit)
    if (WAITING.delete(raw)) reply.raw.writeContinue()
  })
}
