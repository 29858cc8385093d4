import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Differing } from '../../catalog/runs/aside.ts'
import type { Delivery } from '../../delivery/cdn.ts'
import { renditionKey } from '../../photo/object-keys.ts'
import type { Rendition } from '../../photo/photo.ts'
import type { PhotoId } from '../../photo/photo-id.ts'
import { type PhotoPair, pairsOf } from '../../reprocess/pairs.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { replyOf } from '../replies/photo-reply.ts'
import { runParams } from '../schemas/run.ts'
import { NUMBER_PATTERN, PAIR_PATTERN, runFailures, runPairs } from '../schemas/run-photos.ts'
import { type RunDependencies, runsCommon } from './runs.ts'

const PAGE = 20
const MOST = 100

const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: MOST, default: PAGE, description: `a number from 1 to ${MOST}` }),
)
const common = { ...runsCommon, params: runParams }

const failuresSchema = {
  ...common,
  operationId: 'listRunFailures',
  summary: 'What failed in a run, with the photos themselves',
  querystring: Type.Object(
    {
      code: Type.Optional(Type.String({ maxLength: 64, description: 'only what failed with this code' })),
      after: Type.Optional(Type.String({ pattern: NUMBER_PATTERN, description: 'The `next` of a page.' })),
      limit,
    },
    { additionalProperties: false },
  ),
  response: {
    200: runFailures,
    ...problemReplies('token', 'operator_only', 'run_not_found', 'invalid_cursor'),
  },
}

const pairsSchema = {
  ...common,
  operationId: 'listRunPairs',
  summary: 'What a run shows, beside what was shown before',
  description:
    'What differs most comes first. Of photos whose earlier edition is kept: so long it can be rolled back.',
  querystring: Type.Object(
    {
      after: Type.Optional(Type.String({ pattern: PAIR_PATTERN, description: 'The `next` of a page.' })),
      limit,
    },
    { additionalProperties: false },
  ),
  response: {
    200: runPairs,
    ...problemReplies('token', 'operator_only', 'run_not_found', 'invalid_cursor'),
  },
}

/** GET /v1/runs/:run/failures and /v1/runs/:run/pairs. */
export function runPhotosRoutes({
  catalog,
  cdn,
  presets,
  filters,
}: RunDependencies): FastifyPluginAsyncTypebox {
  const recipes = { presets, filters }

  return async (app) => {
    app.get('/v1/runs/:run/failures', { schema: failuresSchema }, async ({ params, query, owner }) => {
      const { code = null, after = null, limit = PAGE } = query
      const { id, kind } = await catalog.runs.find(Number(params.run))
      const page = { code, after: after as PhotoId | null, limit }
      const failures = await catalog.runFailures.page(id, page)
      // What fails in an import are lines, which stand where others have ids.
      const ids = kind.startsWith('import') ? [] : failures.map(({ photoId }) => photoId)
      const photos = new Map((await catalog.photos.findAll(ids)).map((photo) => [photo.id, photo]))
      const audience = { viewer: owner, wishes: {}, cdn, recipes }
      return {
        failures: failures.map(({ photoId, failedAt, ...failure }) => {
          const photo = photos.get(photoId)
          const told = photo ? replyOf(photo, audience) : null
          return { id: photoId, photo: told, ...failure, failedAt: failedAt.toISOString() }
        }),
        next: failures.length < limit ? null : (failures.at(-1)?.photoId ?? null),
      }
    })

    app.get('/v1/runs/:run/pairs', { schema: pairsSchema }, async ({ params, query }) => {
      const { after, limit = PAGE } = query
      const { id } = await catalog.runs.find(Number(params.run))
      const asked = { run: id, after: after === undefined ? null : differingOf(after), limit }
      const { pairs, next } = await pairsOf(catalog, presets, asked)
      return {
        pairs: pairs.map((pair) => pairReply(pair, cdn.lend(pair.photo))),
        next: next && cursorOf(next),
      }
    })
  }
}

function pairReply({ photo, difference, before, after }: PhotoPair, lent: Delivery) {
  const sideOf = (rendition: Rendition) => {
    const { preset, format, width, height, bytes } = rendition
    return { preset, format, width, height, bytes, url: lent.urlOf(renditionKey(photo, rendition)) }
  }
  return { id: photo.id, owner: photo.owner, difference, before: sideOf(before), after: sideOf(after) }
}

function cursorOf({ difference, id }: Differing): string {
  const [bits] = new Uint32Array(Float32Array.of(difference).buffer)
  return `${bits}-${id}`
}

function differingOf(cursor: string): Differing {
  const [bits, id] = cursor.split('-') as [string, PhotoId]
  const [difference] = new Float32Array(Uint32Array.of(Number(bits)).buffer)
  return { id, difference: difference ?? 0 }
}
