import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { EngineUnavailableError } from '../../errors.ts'

/** A server whose events wait for so long, on the average of a second, has more to do than it can. */
const MOST_DELAY_MS = 2_000

/**
 * Answers 503 while this process lags, so that a load balancer asks another, instead of all requests becoming slower until
 * none is in time. Questions about health are answered: who asks them shall not take it for dead.
 */
export async function refuseUnderPressure(app: FastifyInstance): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: MOST_DELAY_MS,
    pressureHandler: async ({ routeOptions }) => {
      if (routeOptions.config.isAboutHealth) return
      throw new EngineUnavailableError('The server has more to do than it can. Ask again in a moment.')
    },
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    isAboutHealth?: true
  }
}
