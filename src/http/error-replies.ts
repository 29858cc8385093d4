import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DarkroomError } from '../errors.ts'
import { closeAfterReply } from './refused-upload.ts'

/** The status of every error a request can end with, by its code. What is not listed is a fault of ours: 500. */
const STATUSES: Record<string, number> = {
  invalid_photo_id: 400,
  invalid_field: 400,
  invalid_cursor: 400,
  invalid_form: 400,
  missing_file: 400,
  too_many_files: 400,
  field_after_file: 400,
  empty_file: 400,
  upload_aborted: 400,
  unauthenticated: 401,
  photo_not_found: 404,
  filter_not_found: 404,
  photo_failed: 409,
  photo_too_large: 413,
  unsupported_format: 415,
  unavailable: 503,
}

const RETRY_AFTER_S = 2

type Problem = { status: number; code: string; detail: string }

/** Every error as application/problem+json (RFC 9457) with a stable code. */
export function addErrorReplies(app: FastifyInstance, basePath = ''): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = problemOf(error)
    const level = problem.status >= 500 ? 'error' : 'info'
    request.log[level]({ err: problem.status >= 500 ? error : undefined, code: problem.code }, problem.detail)
    return sendProblem(problem, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const detail = `There is nothing at ${request.method} ${request.url.slice(0, 200)}. The API is described at ${basePath}/docs.`
    return sendProblem({ status: 404, code: 'route_not_found', detail }, request, reply)
  })
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!request.raw.complete) closeAfterReply(request, reply)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_S)
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ type: 'about:blank', title: STATUS_CODES[problem.status], ...problem })
}

function problemOf(error: FastifyError): Problem {
  if (error instanceof DarkroomError && STATUSES[error.code]) {
    return { status: STATUSES[error.code] as number, code: error.code, detail: error.message }
  }
  // Fastify's own errors (a schema that is not met, a body that is no JSON…) know their status.
  if (error.statusCode && error.statusCode >= 400 && error.statusCode < 500) {
    return { status: error.statusCode, code: codeOf(error), detail: error.message }
  }
  return { status: 500, code: 'internal', detail: 'Something went wrong on our side. The log says what.' }
}

function codeOf(error: FastifyError): string {
  if (error.validation) return 'invalid_request'
  return error.code?.toLowerCase().replace(/^fst_(err_)?/, '') ?? 'invalid_request'
}
