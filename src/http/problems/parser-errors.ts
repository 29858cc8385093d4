import { randomUUID } from 'node:crypto'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { endLingering } from '../lingering-close.ts'
import { JSON_HEADERS } from '../replies/reply-headers.ts'
import { type Problem, problem } from './problems.ts'

type ParserError = Error & { code?: string; reason?: string }

/**
 * What Node's parser refuses never becomes a request, so no route and no hook sees it: it gets its reply here, as every
 * other error does.
 */
export function replyToParserError(this: FastifyInstance, error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) {
    socket.destroy()
    return
  }
  // Each further piece of what could not be read is another error.
  if (socket.writableEnded) return
  const { _httpMessage: reply } = socket as Socket & { _httpMessage?: ServerResponse }
  if (reply?.req.complete) {
    // What is broken is the next request: this one gets its reply first, and would else take ours for it.
    closeAfter(reply, socket)
    return
  }
  // A reply that has begun can't be followed by another: what the client would read is neither.
  if (reply?.headersSent) {
    socket.destroy()
    return
  }
  const problem = problemOfParser(error)
  const id = randomUUID()
  this.log.info({ requestId: id, code: problem.code }, problem.detail)
  endLingering(socket, httpReply(problem, id))
}

function closeAfter(reply: ServerResponse, socket: Socket): void {
  if (!reply.headersSent) reply.setHeader('connection', 'close')
  reply.once('finish', () => endLingering(socket))
  // Nothing more of it is read: each piece would be another error.
  socket.pause()
}

function problemOfParser({ code, reason, message }: ParserError): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem('headers_too_large', 'The URL and the headers are larger than 16 kB together.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('request_timeout', 'The headers of the request came too slowly.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problem('body_too_large', 'The chunk extensions of the body are too large.')
    default:
      return problem('invalid_request', `This is not HTTP/1.1: ${reason ?? message}.`)
  }
}

function httpReply(body: Problem, id: string): string {
  const json = JSON.stringify(body)
  const headers = {
    ...JSON_HEADERS,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(json),
    'x-request-id': id,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${body.status} ${STATUS_CODES[body.status]}`, ...lines, '', json].join('\r\n')
}
