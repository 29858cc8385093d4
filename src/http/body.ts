import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  BodyTooLargeError,
  ExpectationFailedError,
  InvalidRequestError,
  UnsupportedEncodingError,
} from './errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route asks for its body itself, when it wants it: it may have an answer without. */
    asksForBody?: true
  }
}

/** Whether the request announces a body (RFC 9112, 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Whether the client holds its body back until it is told to go on, and was not told yet. */
export function waitsForContinue(request: IncomingMessage): boolean {
  return WAITING.has(request)
}

const WAITING = new WeakSet<IncomingMessage>()

/** Tells a client that waits for it to go on and send the body. */
export function askForBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (WAITING.delete(raw)) reply.raw.writeContinue()
}

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
    const { expect, 'content-encoding': encoding = '' } = raw.headers
    const hosts = raw.headersDistinct.host?.length ?? 0
    // RFC 9112, 3.2, and RFC 9110, 10.1.1: older versions know neither Host nor expectations.
    const isOld = raw.httpVersion !== '1.1'
    if (hosts > 1 || (hosts === 0 && !isOld))
      throw new InvalidRequestError('The header Host must be there once.')
    if (expect !== undefined && !isOld && !WAITING.has(raw)) throw new ExpectationFailedError()
    if (hasBody(raw) && !/^(?:identity)?$/i.test(encoding)) throw new UnsupportedEncodingError(encoding)
    // Axios and generated clients name a type with every DELETE. Without a body it says nothing.
    if (!hasBody(raw)) delete raw.headers['content-type']
  })

  app.addHook('preParsing', async (request, reply) => {
    const { bodyLimit, config } = request.routeOptions
    if (Number(request.headers['content-length'] ?? 0) > bodyLimit) throw new BodyTooLargeError(bodyLimit)
    if (!config.asksForBody) askForBody(request, reply)
  })
}
