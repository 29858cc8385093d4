import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Cdn } from '../../delivery/cdn.ts'
import type { FilterBook } from '../../filters/filter-book.ts'
import type { Preset } from '../../photo/presets.ts'
import type { Prices } from '../../reprocess/prices.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { RUN_PATTERN, runDetail, runParams, runs } from '../schemas/run.ts'
import { noQuery } from '../schemas/types.ts'
import { runDetailReply, runReply } from './run-reply.ts'

export type RunDependencies = {
  catalog: Catalog
  cdn: Cdn
  presets: readonly Preset[]
  filters: FilterBook
  prices: Prices
  basePath: string
}

const PAGE = 50

export const runsCommon = { tags: ['operator'], security: [{ bearer: [] }] }

const listSchema = {
  ...runsCommon,
  operationId: 'listRuns',
  summary: 'What acts on many photos',
  description: 'The first page begins with the runs that recur; then the newest come first.',
  querystring: Type.Object(
    {
      before: Type.Optional(Type.String({ pattern: RUN_PATTERN, description: 'The `next` of a page.' })),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 100, default: PAGE, description: 'a number from 1 to 100' }),
      ),
    },
    { additionalProperties: false },
  ),
  response: {
    200: runs,
    ...problemReplies('token', 'operator_only', 'invalid_cursor'),
  },
}

const findSchema = {
  ...runsCommon,
  operationId: 'getRun',
  summary: 'One run',
  params: runParams,
  querystring: noQuery,
  response: { 200: runDetail, ...problemReplies('token', 'operator_only', 'run_not_found') },
}

/** GET /v1/runs and /v1/runs/:run. Counts are stored: what is asked every other second reads rows of runs alone. */
export function runRoutes({ catalog, prices }: RunDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/runs', { schema: listSchema }, async ({ query: { before, limit = PAGE } }) => {
      const page = await catalog.runs.page({ before: before === undefined ? null : Number(before), limit })
      const others = page.filter(({ recurs }) => !recurs)
      const last = others.length < limit ? undefined : others.at(-1)
      return { runs: page.map(runReply), next: last ? String(last.id) : null }
    })

    app.get('/v1/runs/:run', { schema: findSchema }, async ({ params }) => {
      return await runDetailReply(catalog, prices, await catalog.runs.find(Number(params.run)))
    })
  }
}
