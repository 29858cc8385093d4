import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { JobQueue } from '../../queue/job-queue.ts'
import { OperatorOnlyError } from '../errors.ts'
import { beginRunRoutes } from './begin-run.ts'
import { jobRoutes } from './jobs.ts'
import { keptFilterRoutes } from './kept-filters.ts'
import { runPhotosRoutes } from './run-photos.ts'
import { type RunDependencies, runRoutes } from './runs.ts'
import { statsRoute } from './stats.ts'
import { steerRunRoutes } from './steer-run.ts'

type Dependencies = RunDependencies & { queue: JobQueue }

/** What acts on everybody's photos, or tells of them: for tokens with the role `operator`. */
export function operatorRoutes(dependencies: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.addHook('onRequest', async ({ caller }) => {
      if (!caller.isOperator) throw new OperatorOnlyError()
    })
    await app.register(keptFilterRoutes(dependencies))
    await app.register(jobRoutes(dependencies))
    await app.register(statsRoute(dependencies))
    await app.register(runRoutes(dependencies))
    await app.register(beginRunRoutes(dependencies))
    await app.register(steerRunRoutes(dependencies))
    await app.register(runPhotosRoutes(dependencies))
  }
}
