import type { FastifyInstance } from 'fastify'
import type { OwnerId } from '../../photo/shard.ts'
import { TooManyUploadsError } from '../errors.ts'

/**
 * Lets every owner have so many requests of these routes in flight at once on this server, so that nobody holds all its
 * connections. The next one gets TooManyUploadsError before its body.
 */
export function limitUploadsAtOnce(app: FastifyInstance, most: number): void {
  const inFlight = new Map<OwnerId, number>()
  app.addHook('onRequest', async ({ owner }, reply) => {
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
