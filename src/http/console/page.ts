import { join } from 'node:path'
import serveFiles from '@fastify/static'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import { BUILT_PAGE } from './built-page.ts'

export type PageOptions = {
  basePath: string
  /** The origin that pictures come from. */
  delivery: string
}

/**
 * Only what the page is built of runs in it, in no frame, and it asks nobody but us and where the pictures are. What makes
 * scripts of text must go through the policy `console`, which takes our own URLs alone.
 */
function contentSecurityPolicy(delivery: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: ${delivery}`,
    // Looks read the pixels of renditions.
    `connect-src 'self' ${delivery}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types console',
  ].join('; ')
}

/** Of the page and of all that it is made of. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

const PERMISSIONS = 'camera=(), microphone=(), geolocation=(), payment=(), usb=()'

/** GET /console, and GET /console/assets/…, which are kept for ever: they have other names when they change. */
export function pageRoutes({ basePath, delivery }: PageOptions): FastifyPluginAsync {
  const ofPage = {
    ...HEADERS,
    'content-security-policy': contentSecurityPolicy(delivery),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': PERMISSIONS,
    'cache-control': 'no-cache',
  }
  return async (app) => {
    await app.register(serveFiles, {
      root: join(BUILT_PAGE, 'console/assets'),
      prefix: '/console/assets/',
      preCompressed: true,
      index: false,
      immutable: true,
      maxAge: '1y',
      setHeaders: (reply: FastifyReply) => void reply.headers(HEADERS),
    })
    const page = async (_request: unknown, reply: FastifyReply) =>
      await reply.headers(ofPage).sendFile('index.html', BUILT_PAGE, { cacheControl: false })
    app.get('/console', { schema: { hide: true } }, page)
    // The page names its parts beside itself.
    app.get(
      '/console/',
      { schema: { hide: true } },
      async (_request, reply) => await reply.redirect(`${basePath}/console`),
    )
  }
}
