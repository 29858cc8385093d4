import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Trace } from '../log.ts'

/** What a proxy in front, or an app, calls the request, if it is a name that is safe in a log. */
const REQUEST_ID = /^[\w.:=;@/+-]{1,200}$/

/** Of this version all is known; a later one begins alike (https://www.w3.org/TR/trace-context/#versioning-of-traceparent). */
const TRACEPARENT =
  /^(?:00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}|(?!00|ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,200})?)$/

/** The id that a request is told and logged by: the one it came with, or a new one. */
export function requestIdOf({ headers: { 'x-request-id': given } }: IncomingMessage): string {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}

/** The header `traceparent`, where it is valid: then it is kept as it is. */
export function traceparentOf({ headers: { traceparent } }: IncomingMessage): { traceparent?: string } {
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : {}
}

/** What leads from a job's lines in the log to the request that asked for it. */
export function traceOf({ id, raw }: FastifyRequest): Trace {
  return { requestId: id, ...traceparentOf(raw) }
}

/** Tells a request what it can be found by. */
export function addTrace(app: FastifyInstance): void {
  app.addHook('onSend', async ({ id, raw }, reply) => {
    reply.headers({ 'x-request-id': id, ...traceparentOf(raw) })
  })
}
