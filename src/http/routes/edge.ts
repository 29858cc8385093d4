import type { KeyObject } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { checkViewer, REFUSALS, type Refusal } from '../../delivery/edge-check.ts'
import { RENDITIONS_PREFIXES } from '../../photo/object-keys.ts'
import { type RenditionEngines, sendError, sendRendition } from '../replies/rendition-reply.ts'

export type EdgeOptions = RenditionEngines & {
  /** What delivery URLs begin with, up to `/public/`, whatever host a request names: scheme, authority, base path. */
  origin: string
  /** Public keys by key pair id. */
  keys: ReadonlyMap<string, KeyObject>
  /** Milliseconds since 1970. */
  now?: () => number
}

/**
 * GET and HEAD of /public/…, /private/… and /renditions/…: the local edge. It checks signatures as CloudFront does and
 * answers as CloudFront with S3 behind it, so that what works here works there.
 */
export function edgeRoute({ origin, keys, now = Date.now, ...engines }: EdgeOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    const deliver = async (request: FastifyRequest, reply: FastifyReply) => {
      const viewer = { target: request.url, cookie: request.headers.cookie }
      const refusal = checkViewer(viewer, { origin, keys, now: now() })
      return refusal ? replyRefused(reply, refusal) : await sendRendition(request, reply, engines)
    }

    for (const prefix of RENDITIONS_PREFIXES) {
      app.route({ method: ['GET', 'HEAD'], url: `/${prefix}*`, schema: { hide: true }, handler: deliver })
    }
  }
}

function replyRefused(reply: FastifyReply, refusal: Refusal): FastifyReply {
  reply.code(403).headers({ 'content-type': 'text/xml', server: 'CloudFront' })
  return sendError(reply, refusal, REFUSALS[refusal])
}
