import { Type } from 'typebox'
import { oneOf } from '../schemas/types.ts'
import { type ProblemCode, STATUSES } from './problems.ts'

type ProblemReply = {
  description: string
  headers?: Record<string, { type: 'string'; description: string }>
  content: { 'application/problem+json': { schema: ReturnType<typeof problemSchema> } }
}

/** What any request can end with, whatever it is about. */
const ANY: readonly ProblemCode[] = [
  'invalid_request',
  'invalid_url',
  'invalid_field',
  'request_timeout',
  'body_too_large',
  'unsupported_encoding',
  'expectation_failed',
  'headers_too_large',
  'internal',
  'unavailable',
]
const WITH_TOKEN: readonly ProblemCode[] = ['unauthenticated', 'too_many_requests']
const WITH_BODY: readonly ProblemCode[] = ['invalid_json', 'unsupported_media_type']

const HEADERS: Record<number, { name: string; description: string }> = {
  401: { name: 'www-authenticate', description: '`Bearer` (RFC 6750).' },
  409: { name: 'retry-after', description: 'Seconds, of a request that is in flight.' },
  429: { name: 'retry-after', description: 'Seconds.' },
  503: { name: 'retry-after', description: 'Seconds.' },
}

/**
 * For OpenAPI: the errors a route can answer with, by their status. Besides those named, the ones that any route can
 * answer with, any that wants a token, and any that takes JSON, which DELETE does as well, only to ignore it.
 */
export function problemReplies(
  kind: 'open' | 'token' | 'json',
  ...codes: readonly ProblemCode[]
): Record<number, ProblemReply> {
  const all = [...ANY, ...codes]
  if (kind !== 'open') all.push(...WITH_TOKEN)
  if (kind === 'json') all.push(...WITH_BODY)
  const byStatus = Map.groupBy(all, (code) => STATUSES[code])
  return Object.fromEntries([...byStatus].map(([status, same]) => [status, replyOf(status, same)]))
}

function replyOf(status: number, codes: readonly ProblemCode[]): ProblemReply {
  const header = HEADERS[status]
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    ...(header && { headers: { [header.name]: { type: 'string', description: header.description } } }),
    content: { 'application/problem+json': { schema: problemSchema(status, codes) } },
  }
}

function problemSchema(status: number, codes: readonly ProblemCode[]) {
  return Type.Object(
    {
      type: Type.Literal('about:blank'),
      title: Type.String(),
      status: Type.Literal(status),
      code: oneOf(codes, 'Stable; match on it.'),
      detail: Type.String({ description: 'For people.' }),
    },
    { title: 'Problem', description: 'Problem details (RFC 9457).' },
  )
}
