import type { FastifyInstance } from 'fastify'
import type { OwnerId } from '../../photo/shard.ts'
import { TooManyUploadsError } from '../errors.ts'

/** What asks about an upload, or ends it: that must be possible when all others are stuck. */
const BRINGS_NOTHING: ReadonlySet<string> = new Set(['HEAD', 'DELETE'])

/**
 * Lets every owner have so many requests of these routes in flight at once on this server, so that nobody holds all its
 * connections. The next one gets TooManyUploadsError before its body.
 */
export function limitUploadsAtOnce(app: FastifyInstance, most: number): void {
  const inFlight = new Map<OwnerId, number>()
  app.addHook('onRequest', async ({ owner, method }, reply) => {
    if (BRINGS_NOTHING.has(method)) return
    const before = inFlight.get(owner) ?? 0
    if (before >= most) throw new TooManyUploadsError(most)
    inFlight.set(owner, before + 1)
    reply.raw.once('close', () => {
      const left = (inFlight.get(owner) ?? 1) - 1
      if (left > 0) inFlight.set(owner, left)
      else inFlight.delete(owner)
    })
  })
}
