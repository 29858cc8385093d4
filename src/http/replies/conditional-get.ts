import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { JSON_HEADERS } from './reply-headers.ts'

/** A reply that says by its entity tag whether the client has it already. */
export const tagged = <Schema extends object>(schema: Schema) => ({
  ...schema,
  headers: {
    etag: { type: 'string', description: 'Send it as `If-None-Match` to be told when nothing has changed.' },
  },
})

export const notModified = tagged(
  Type.Null({ description: 'The client has it: it is what `If-None-Match` names.' }),
)

/** Bytes `start` to `end`, both included. */
export type Part = { start: number; end: number }

/** Of JSON that says the same: a strong one, quotes included. */
export function entityTagOf(reply: unknown): string {
  return `"${hash('sha256', JSON.stringify(reply), 'base64url').slice(0, 22)}"`
}

/** Whether the client has it already: If-None-Match is `*` or lists its entity tag, weak or not (RFC 9110, 13.1.2). */
export function isKnown(headers: IncomingHttpHeaders, etag: string): boolean {
  const known = headers['if-none-match']
  return known?.trim() === '*' || known?.match(/"[^"]*"/g)?.includes(etag) === true
}

/**
 * Tags the reply of JSON, and answers 304 when the client has it. The tag is sent as a weak one: compressed or not, it
 * is the same reply.
 */
export function answerKnown(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.headers({ ...JSON_HEADERS, etag: `W/${etag}`, vary: 'accept-encoding' })
  if (!isKnown(request.headers, etag)) return false
  reply.code(304).send()
  return true
}

/**
 * The part that Range and If-Range ask for, or `unsatisfiable` when it is past the end. Several ranges, other
 * units and what is no range are answered with the whole, as RFC 9110, 14.2 allows.
 */
export function partOf(
  headers: IncomingHttpHeaders,
  etag: string,
  size: number,
): Part | 'whole' | 'unsatisfiable' {
  const { first = '', last = '' } =
    /^bytes=(?<first>\d*)-(?<last>\d*)$/i.exec(headers.range ?? '')?.groups ?? {}
  if (first === '' && last === '') return 'whole'
  if (first !== '' && last !== '' && Number(last) < Number(first)) return 'whole'
  // There is no Last-Modified here, so a date in If-Range is of something else.
  if ((headers['if-range'] ?? etag) !== etag) return 'whole'

  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start > end ? 'unsatisfiable' : { start, end }
}
