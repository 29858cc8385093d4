import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Cdn } from '../../delivery/cdn.ts'
import { PUBLIC_PREFIX } from '../../photo/object-keys.ts'
import { CookiesUnavailableError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { noQuery } from '../schemas/types.ts'

const cookiesReply = Type.Object({
  origin: Type.String(),
  prefix: Type.String({ description: 'What every path begins with that the cookies open.' }),
  expiresAt: Type.String({ format: 'date-time' }),
})

type Dependencies = {
  cdn: Cdn
  /** What both the API and the CDN are of; null when cookies are for the API's own host. */
  cookieDomain: string | null
  publicUrl: string
}

const schema = {
  operationId: 'setCookies',
  summary: 'Open all public photos to a browser',
  description:
    'Sets `CloudFront-Policy`, `CloudFront-Signature` and `CloudFront-Key-Pair-Id`: with them `path` of a rendition (`urls=parts`) under `origin` needs no query, if it begins with `prefix`. Others keep theirs. They last as long as the browser runs, and work until `expiresAt`: ask again before.',
  tags: ['photos'],
  security: [{ bearer: [] }],
  querystring: noQuery,
  response: {
    200: {
      ...cookiesReply,
      headers: { 'set-cookie': { type: 'string', description: 'Three of them.' } },
    },
    ...problemReplies('json', 'cookies_unavailable'),
  },
} as const

/**
 * POST /v1/cookies: the viewer's grant as signed cookies, for the web, whose pages can then name pictures by their path
 * alone. Browsers send them to the CDN only if it is of the same site as the API.
 */
export function cookieRoutes({ cdn, cookieDomain, publicUrl }: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/v1/cookies', { schema }, async (request, reply) => {
      const { origin, expiresAt, query } = cdn.grant(request.owner)
      const { protocol, hostname, pathname } = new URL(origin)
      if (cookieDomain === null && hostname !== new URL(publicUrl).hostname)
        throw new CookiesUnavailableError()

      const attributes = [
        `Path=${pathname.replace(/\/$/, '')}/${PUBLIC_PREFIX}`,
        ...(cookieDomain === null ? [] : [`Domain=${cookieDomain}`]),
        'HttpOnly',
        'SameSite=Lax',
        // A trial on plain HTTP would lose them.
        ...(protocol === 'https:' ? ['Secure'] : []),
      ]
      const cookies = query()
        .split('&')
        .map((pair) => [`CloudFront-${pair}`, ...attributes].join('; '))
      return reply
        .headers({ 'set-cookie': cookies, 'cache-control': 'no-store' })
        .send({ origin, prefix: PUBLIC_PREFIX, expiresAt: expiresAt.toISOString() })
    })
  }
}
