import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Preset } from '../../photo/presets.ts'
import { type PresetsReply, presetsSchema } from '../../presets/preset-schema.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { answerKnown, entityTagOf, notModified, tagged } from '../replies/conditional-get.ts'
import { noQuery } from '../schemas/types.ts'

/** What there is to choose from. The same for everybody, so no token is asked for. */
export function aboutRoutes({ presets }: { presets: readonly Preset[] }): FastifyPluginAsyncTypebox {
  const schema = {
    operationId: 'listPresets',
    summary: "The sizes and formats photos are made in; as a file, it can be an operator's presets.json",
    tags: ['about'],
    querystring: noQuery,
    response: { 200: tagged(presetsSchema), 304: notModified, ...problemReplies('open') },
  }
  const etag = entityTagOf(presets)

  return async (app) => {
    app.get('/v1/presets', { schema }, async (request, reply) => {
      if (answerKnown(request, reply, etag)) return reply
      return { presets } as PresetsReply
    })
  }
}
