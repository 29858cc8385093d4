import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { RunStateError, type Steering } from '../../catalog/runs/runs.ts'
import { SEQUELS, startRetry, startSequel } from '../../reprocess/sequels.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { paceWish, run, runParams, version } from '../schemas/run.ts'
import { noQuery } from '../schemas/types.ts'
import { runReply } from './run-reply.ts'
import { type RunDependencies, runsCommon } from './runs.ts'

const seen = { version }

const common = {
  ...runsCommon,
  params: runParams,
  querystring: noQuery,
}
const problems = problemReplies('json', 'operator_only', 'run_not_found', 'run_state', 'run_changed')
const begun = {
  ...run,
  headers: { location: { type: 'string', description: 'The path of the run that was begun.' } },
}

const STEERS = {
  pause: 'Begin nothing new of a run',
  resume: 'Go on with a run that is paused or was stopped',
  cancel: 'End a run where it is, for ever',
} as const

const FOLLOWS = {
  rollback: 'Show again what a run put aside',
  finish: 'Let go what a run put aside',
  verify: 'Read back what a run shows',
} as const

const steerBody = Type.Object(seen, { additionalProperties: false })

const paceSchema = {
  ...common,
  operationId: 'changeRunPace',
  summary: 'Make a run faster or slower',
  description: 'Servers keep to it within seconds. What is not named stays.',
  body: Type.Object({ ...seen, pace: paceWish }, { additionalProperties: false }),
  response: { 200: run, ...problems },
}

const retrySchema = {
  ...common,
  operationId: 'retryRun',
  summary: 'Make anew what failed in a run',
  description: 'By a run of its own.',
  body: Type.Object(
    {
      ...seen,
      code: Type.Optional(Type.String({ maxLength: 64, description: 'only what failed with this code' })),
    },
    { additionalProperties: false },
  ),
  response: { 201: begun, ...problems },
}

/** What changes a run, or begins one that follows from it: by whoever has seen its last version. */
export function steerRunRoutes({ catalog, basePath }: RunDependencies): FastifyPluginAsyncTypebox {
  const { runs } = catalog
  const begunReply = async (id: number) => runReply(await runs.find(id))
  const locationOf = (id: number) => `${basePath}/v1/runs/${id}`

  return async (app) => {
    for (const steer of ['pause', 'resume', 'cancel'] as const) {
      const schema = {
        ...common,
        operationId: `${steer}Run`,
        summary: STEERS[steer],
        body: steerBody,
        response: { 200: run, ...problems },
      }
      app.post(`/v1/runs/:run/${steer}`, { schema }, async ({ params, body, owner }) => {
        const { version } = body
        return runReply(await runs[steer](Number(params.run), { version, by: owner }))
      })
    }

    for (const sequel of SEQUELS) {
      const schema = {
        ...common,
        operationId: `${sequel}Run`,
        summary: FOLLOWS[sequel],
        description: 'By a run of its own; the other must not be going on.',
        body: steerBody,
        response: { 201: begun, ...problems },
      }
      app.post(`/v1/runs/:run/${sequel}`, { schema }, async ({ params, body, owner }, reply) => {
        const steering: Steering = { version: body.version, by: owner }
        const id = await startSequel(catalog, sequel, Number(params.run), steering)
        return reply
          .code(201)
          .header('location', locationOf(id))
          .send(await begunReply(id))
      })
    }

    app.post('/v1/runs/:run/retry', { schema: retrySchema }, async ({ params, body, owner }, reply) => {
      const of = Number(params.run)
      const id = await startRetry(catalog, of, body.code ?? null, { version: body.version, by: owner })
      if (id === null) throw new RunStateError(`Nothing failed in run ${of} that could be tried again.`)
      return reply
        .code(201)
        .header('location', locationOf(id))
        .send(await begunReply(id))
    })

    app.patch('/v1/runs/:run', { schema: paceSchema }, async ({ params, body, owner }) => {
      const { version, pace } = body
      return runReply(await runs.changePace(Number(params.run), pace, { version, by: owner }))
    })
  }
}
