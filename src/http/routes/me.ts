import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { isLimited, leftOf } from '../../photo/daily-limits.ts'
import { tellDay } from '../limits/limit-fields.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { noQuery, nullable, oneOf } from '../schemas/types.ts'

const amount = Type.Object({
  used: nullable(
    Type.Integer({ description: 'Today. Null when nothing is limited: then nothing is counted.' }),
  ),
  limit: nullable(Type.Integer({ description: 'Null: as much as you like.' })),
  left: nullable(Type.Integer()),
})

export const meReply = Type.Object(
  {
    owner: Type.String(),
    role: nullable(oneOf(['operator'])),
    today: Type.Object({
      photos: amount,
      bytes: amount,
      resetsAt: Type.String({ format: 'date-time', description: 'Midnight in UTC, when a day begins anew.' }),
    }),
  },
  { title: 'Me' },
)

const schema = {
  operationId: 'getMe',
  summary: 'Who you are, and what you may upload today',
  description:
    'What counts are photos that were taken in, once each, whatever became of them since; not those that an operator imports. The limits are those of your token (claims `photosPerDay`, `bytesPerDay`), or else of the server.',
  tags: ['about'],
  security: [{ bearer: [] }],
  querystring: noQuery,
  response: { 200: meReply, ...problemReplies('token') },
} as const

/** GET /v1/me: the caller, and their day. */
export function meRoute({ catalog }: { catalog: Pick<Catalog, 'dailyUses'> }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/v1/me', { schema }, async ({ caller: { owner, isOperator }, limits }, reply) => {
      const used = await catalog.dailyUses.of(owner)
      const left = leftOf(limits, used)
      const isCounted = isLimited(limits)
      const amountOf = (name: 'photos' | 'bytes') => ({
        used: isCounted ? used[name] : null,
        limit: limits[name],
        left: left[name],
      })
      tellDay(reply, limits, used)
      return {
        owner,
        role: isOperator ? ('operator' as const) : null,
        today: {
          photos: amountOf('photos'),
          bytes: amountOf('bytes'),
          resetsAt: used.resetsAt.toISOString(),
        },
      }
    })
  }
}
