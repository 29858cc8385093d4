import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { OperatorOnlyError } from '../errors.ts'
import { jobRoutes } from './jobs.ts'
import { keptFilterRoutes } from './kept-filters.ts'
import { statsRoute } from './stats.ts'

type Dependencies = { catalog: Catalog; queue: JobQueue; filters: FilterBook; basePath: string }

/** What acts on everybody's photos, or tells of them: for tokens with the role `operator`. */
export function operatorRoutes(dependencies: Dependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.addHook('onRequest', async ({ caller }) => {
      if (!caller.isOperator) throw new OperatorOnlyError()
    })
    await app.register(keptFilterRoutes(dependencies))
    await app.register(jobRoutes(dependencies))
    await app.register(statsRoute(dependencies))
  }
}
