import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Log, onceAMinute } from '../../log.ts'
import { DailyLimitError } from '../../photo/daily-limits.ts'
import { LimitError, RequestInFlightError, RouteNotFoundError } from '../errors.ts'
import { secondsUntil, tellDay } from '../limits/limit-fields.ts'
import { closeAfterReply, isBodyLeft } from '../lingering-close.ts'
import { JSON_HEADERS } from '../replies/reply-headers.ts'
import { traceOf, traceparentOf } from '../trace.ts'
import { problemOf } from './problems.ts'

const RETRY_AFTER_S = 2

/** Replies to an error as application/problem+json (RFC 9457) with a stable code. */
export type ReplyError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => FastifyReply

/** Every error that a request ends with; also what Fastify refuses before it has found a route (its `frameworkErrors`). */
export function createReplyError(log: Log): ReplyError {
  // While an engine is unavailable every request fails alike.
  const tellUnavailable = onceAMinute((fields, message) => log.error(fields, message))
  return (error, request, reply) => {
    const problem = problemOf(error)
    const { status, code, detail } = problem
    if (status === 503) tellUnavailable({ ...traceOf(request), err: error }, detail)
    else if (status >= 500) request.log.error({ err: error }, detail)
    else request.log.info({ code }, detail)

    if (isBodyLeft(request)) closeAfterReply(request, reply)
    // Fastify would close the connection of whatever it could not parse.
    else reply.removeHeader('connection')
    if (status === 401) reply.header('www-authenticate', 'Bearer')
    if (error instanceof LimitError || error instanceof RequestInFlightError)
      reply.header('retry-after', error.retryAfterSeconds)
    if (error instanceof DailyLimitError) {
      tellDay(reply, error.limits, error.used)
      reply.header('retry-after', secondsUntil(error.used.resetsAt))
    }
    if (status === 503) reply.header('retry-after', RETRY_AFTER_S)
    return reply
      .code(status)
      .headers({
        ...JSON_HEADERS,
        'content-type': 'application/problem+json',
        'x-request-id': request.id,
        ...traceparentOf(request.raw),
      })
      .serializer(JSON.stringify)
      .send(problem)
  }
}

/** Errors of routes are replied to by it, and so are paths that lead nowhere. */
export function addErrorReplies(app: FastifyInstance, replyError: ReplyError, basePath = ''): void {
  app.setErrorHandler<FastifyError>(replyError)
  const refuse = async ({ method, originalUrl }: FastifyRequest) => {
    throw new RouteNotFoundError(method, originalUrl, `${basePath}/docs`)
  }
  // Before the body: what comes to nowhere is not read.
  app.addHook('onRequest', async (request) => {
    if (request.is404) await refuse(request)
  })
  // For a route that finds out itself that there is nothing.
  app.setNotFoundHandler(refuse)
}
