import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { RunRequest } from '../../catalog/runs/runs.ts'
import { parsePhotoId } from '../../photo/photo-id.ts'
import { KEEP_SECONDS, MAX_DIFFERENCE, REPLICA_LAG_SECONDS } from '../../reprocess/defaults.ts'
import {
  type Asked,
  COUNT_MS,
  countPlanned,
  planReprocess,
  startDryRun,
  startPlanned,
} from '../../reprocess/plan.ts'
import { IdempotencyKeyReusedError, InvalidFieldError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { type RunWish, reprocessWish, run, runCount, runWish } from '../schemas/run.ts'
import { noQuery, oneOf } from '../schemas/types.ts'
import { idempotencyKey, idempotentReplayed } from '../schemas/upload.ts'
import { fingerprintOf, idempotencyKeyOf, tellReplayed } from '../upload/idempotency.ts'
import { runReply } from './run-reply.ts'
import { type RunDependencies, runsCommon } from './runs.ts'

/** Of as many ids as may be named. */
const BODY_BYTES = 512 * 1024

/** POST /v1/runs and /v1/runs/count. */
export function beginRunRoutes(dependencies: RunDependencies): FastifyPluginAsyncTypebox {
  const { catalog, presets, basePath } = dependencies
  const preset = oneOf(presets.map(({ name }) => name))
  const beginSchema = {
    ...runsCommon,
    operationId: 'beginRun',
    summary: 'Make photos anew',
    description:
      'As `darkroom reprocess`: servers begin within seconds, and count the photos first: however many they are, this is answered at once. With `dryRun` some are made where nobody looks, to know what all would take; with `canary` some are made first, and the run is paused until it is resumed.',
    querystring: noQuery,
    headers: Type.Object(idempotencyKey),
    body: runWish(preset),
    response: {
      201: {
        ...run,
        headers: {
          ...idempotentReplayed,
          location: { type: 'string', description: 'The path of the run.' },
        },
      },
      ...problemReplies('json', 'operator_only', 'invalid_idempotency_key', 'idempotency_key_reused'),
    },
  } as const
  const countSchema = {
    ...runsCommon,
    operationId: 'countRun',
    summary: 'How many photos a run would act on',
    description:
      'Of very many at least so many: those that were counted after some seconds, page by page. A run counts all of its photos itself.',
    querystring: noQuery,
    body: reprocessWish(preset),
    response: {
      200: runCount,
      ...problemReplies('json', 'operator_only'),
    },
  } as const

  async function begin(wish: RunWish, request: RunRequest | null) {
    const before = request && (await catalog.runs.begun(request))
    if (before) return { ...before, isNew: false }
    const plan = planReprocess(askedBy(wish), dependencies)
    if (wish.dryRun) return await startDryRun(catalog, plan, { size: wish.dryRun.sample, request })
    return await startPlanned(catalog, plan, { canary: wish.canary ?? null, request })
  }

  return async (app) => {
    app.post('/v1/runs', { schema: beginSchema, bodyLimit: BODY_BYTES }, async (request, reply) => {
      if (request.body.dryRun && request.body.canary !== undefined)
        throw new InvalidFieldError('A dry run has no canary: send "dryRun" or "canary".')
      const asked = requestOf(request)
      const begun = await begin(request.body, asked)
      if (asked && begun.fingerprint !== asked.fingerprint) throw new IdempotencyKeyReusedError()
      if (!begun.isNew) tellReplayed(reply)
      request.log.info({ run: begun.run, operator: request.owner }, 'run begun')
      return reply
        .code(201)
        .header('location', `${basePath}/v1/runs/${begun.run}`)
        .send(runReply(await catalog.runs.find(begun.run)))
    })

    app.post('/v1/runs/count', { schema: countSchema, bodyLimit: BODY_BYTES }, async (request, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const until = AbortSignal.any([gone.signal, AbortSignal.timeout(COUNT_MS)])
      return await countPlanned(catalog, planReprocess(askedBy(request.body), dependencies), until)
    })
  }
}

function requestOf(request: FastifyRequest): RunRequest | null {
  const key = idempotencyKeyOf(request)
  return key === null ? null : { by: request.owner, key, fingerprint: fingerprintOf(request, request.body) }
}

/** Throws InvalidFieldError. */
function askedBy(wish: RunWish): Asked {
  const { select, work = {}, pace = {}, maxFailures = null } = wish
  const { owners = null, ids = null, limit = null } = select
  if (owners && ids) throw new InvalidFieldError('"select" has both "owners" and "ids": send one of them.')
  const [from, to] = [select.from, select.to].map((time) => (time === undefined ? null : new Date(time)))
  if (from && to && from >= to) throw new InvalidFieldError('"from" of "select" must be before its "to".')
  return {
    choice: {
      state: select.state,
      owners,
      ids: ids && [...new Set(ids.map(parsePhotoId))],
      shards: null,
      from: from ?? null,
      to: to ?? null,
      newestFirst: select.order !== 'oldest',
      limit,
    },
    work: {
      presets: work.presets ?? null,
      formats: work.formats ?? null,
      maxDifference: work.maxDifference ?? MAX_DIFFERENCE,
      keepSeconds: work.keepSeconds ?? KEEP_SECONDS,
    },
    pace: { rate: pace.rate ?? null, share: pace.share ?? null, replicaLag: REPLICA_LAG_SECONDS },
    maxFailures,
  }
}
