import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { EngineUnavailableError } from '../../errors.ts'

export type Pressure = { mostDelayMs: number; sampleMs: number }

/**
 * A server whose events wait for a second, on the average of five, has more to do than it can. Of a shorter time one long
 * computation would be most.
 */
export const MOST_PRESSURE: Pressure = { mostDelayMs: 1_000, sampleMs: 5_000 }

/**
 * Answers 503 while this process lags, so that a load balancer asks another, instead of all requests becoming slower until
 * none is in time. Questions about health are answered: who asks them shall not take it for dead. While it starts a process
 * computes much and serves nobody: of that the first sample after it listens may tell, which therefore does not count.
 */
export async function refuseUnderPressure(
  app: FastifyInstance,
  { mostDelayMs, sampleMs }: Pressure,
): Promise<void> {
  let countsFrom = Number.POSITIVE_INFINITY
  app.addHook('onListen', async () => {
    countsFrom = performance.now() + 2 * sampleMs
  })
  await app.register(underPressure, {
    maxEventLoopDelay: mostDelayMs,
    sampleInterval: sampleMs,
    pressureHandler: async ({ routeOptions }) => {
      if (routeOptions.config.isAboutHealth || performance.now() < countsFrom) return
      throw new EngineUnavailableError('The server has more to do than it can. Ask again in a moment.')
    },
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    isAboutHealth?: true
  }
}
