import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TUS_REPLY_HEADERS } from './tus/protocol.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route says itself who may read it. */
    cors?: false
  }
}

/** For how long a browser need not ask again what it may. Chromium takes no more. */
const MAX_AGE_S = 7200

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** What scripts may read of our replies, beside what every page may. */
const EXPOSED_HEADERS = [
  ...['ETag', 'Location', 'Preference-Applied', 'Retry-After', 'X-Request-Id', 'Traceparent', 'Allow'],
  ...['Idempotent-Replayed', 'RateLimit', 'RateLimit-Policy'],
  ...TUS_REPLY_HEADERS,
]

/**
 * Lets the pages of other origins use the API (https://fetch.spec.whatwg.org/#http-cors-protocol): of these, or of all
 * when one is `*`, which then may send no cookies. A preflight is answered before a token is asked for. For an origin that is
 * not among them everything is as if there were no CORS.
 */
export async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return
  const isOpen = origins.includes('*')
  const optionsOf = async ({ method, headers }: FastifyRequest): Promise<FastifyCorsOptions> => ({
    origin: isOpen ? '*' : origins.includes(headers.origin ?? '') && (headers.origin as string),
    credentials: !isOpen,
    methods: METHODS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: MAX_AGE_S,
    preflight: method === 'OPTIONS' && headers['access-control-request-method'] !== undefined,
  })
  await app.register(cors, { delegator: optionsOf })
}
