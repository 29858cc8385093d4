import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ORIGIN_HEADER } from '../../delivery/origin-header.ts'
import { CACHE_TAG_HEADER, cacheTagOf } from '../../photo/cache-tag.ts'
import { photoIdOfRendition, RENDITIONS_PREFIXES } from '../../photo/object-keys.ts'
import { type RenditionEngines, replyMissing, sendRendition } from '../replies/rendition-reply.ts'

/**
 * GET and HEAD of /public/… and its like, for CloudFront: where it asks for what its bucket does not have, which is how
 * renditions of adopted photos are made when they are first looked at. It has checked the viewer's signature and taken it
 * away; that the request is CloudFront's is known by the secret that they share, and without it nothing is there.
 */
export function originRoute({ secret, ...engines }: RenditionEngines & { secret: string }) {
  return async (app: FastifyInstance): Promise<void> => {
    const deliver = async (request: FastifyRequest, reply: FastifyReply) => {
      if (!isSame(request.headers[ORIGIN_HEADER], secret)) return replyMissing(request, reply)
      const id = photoIdOfRendition(request.url.slice(1).split('?')[0] ?? '')
      // As an object of the bucket has it: by this the copies of a deleted photo are found.
      if (id) reply.header(CACHE_TAG_HEADER, cacheTagOf(id))
      return await sendRendition(request, reply, engines)
    }
    for (const prefix of RENDITIONS_PREFIXES) {
      app.route({ method: ['GET', 'HEAD'], url: `/${prefix}*`, schema: { hide: true }, handler: deliver })
    }
  }
}

function isSame(sent: string | string[] | undefined, secret: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return typeof sent === 'string' && timingSafeEqual(hash(sent), hash(secret))
}
