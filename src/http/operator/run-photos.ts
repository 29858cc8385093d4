import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Differing } from '../../catalog/aside.ts'
import type { Delivery } from '../../delivery/cdn.ts'
import { renditionKey } from '../../photo/object-keys.ts'
import type { Rendition } from '../../photo/photo.ts'
import { PHOTO_ID_PATTERN, type PhotoId } from '../../photo/photo-id.ts'
import { RENDITION_FORMAT_NAMES } from '../../photo/rendition-formats.ts'
import { type PhotoPair, pairsOf } from '../../reprocess/pairs.ts'
import { replyOf } from '../photo-reply.ts'
import { problemReplies } from '../problem-replies.ts'
import { photoReply } from '../schemas/photo.ts'
import { runParams } from '../schemas/run.ts'
import { nullable, oneOf } from '../schemas/types.ts'
import { type RunDependencies, runsCommon } from './runs.ts'

const PAGE = 20
const MOST = 100

/** Ids, and numbers of lines. Below 2^63. */
const NUMBER_PATTERN = '^(?:0|[1-9][0-9]{0,17}|[1-8][0-9]{18}|9[01][0-9]{17}|92[01][0-9]{16})$'
/** How far the last pair is apart, by the bits of its number, as no decimal has all of them; and its photo. */
const PAIR_PATTERN = `^[0-9]{1,10}-${PHOTO_ID_PATTERN.slice(1)}`

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
    200: Type.Object(
      {
        failures: Type.Array(
          Type.Object({
            id: Type.String({ description: 'Of the photo; of an import the number of the line.' }),
            photo: nullable(photoReply),
            code: Type.String(),
            message: Type.String(),
            attempts: Type.Integer(),
            failedAt: Type.String({ format: 'date-time' }),
          }),
        ),
        next: nullable(
          Type.String({ pattern: NUMBER_PATTERN, description: 'Send it as `after` to get more.' }),
        ),
      },
      { title: 'Run failures' },
    ),
    ...problemReplies('token', 'operator_only', 'run_not_found', 'invalid_cursor'),
  },
}

const side = Type.Object({
  preset: Type.String(),
  format: oneOf(RENDITION_FORMAT_NAMES),
  url: Type.String({ description: 'Signed for some minutes.' }),
  width: Type.Integer(),
  height: Type.Integer(),
  bytes: Type.Integer(),
})

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
    200: Type.Object(
      {
        pairs: Type.Array(
          Type.Object({
            id: Type.String(),
            owner: Type.String(),
            difference: Type.Number({
              description:
                'The mean ΔE2000 of both from afar, or that of the rendition that is furthest away.',
            }),
            before: side,
            after: side,
          }),
        ),
        next: nullable(
          Type.String({ pattern: PAIR_PATTERN, description: 'Send it as `after` to get more.' }),
        ),
      },
      { title: 'Run pairs' },
    ),
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
