import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Preset } from '../../photo/presets.ts'
import { type PresetsReply, presetsSchema } from '../../presets/preset-schema.ts'
import { problemReplies } from '../problem-replies.ts'
import { noQuery } from '../schemas.ts'

/** What there is to choose from. The same for everybody, so no token is asked for. */
export function aboutRoutes({ presets }: { presets: readonly Preset[] }): FastifyPluginAsyncTypebox {
  const schema = {
    operationId: 'listPresets',
    summary: "The sizes and formats photos are made in; as a file, it can be an operator's presets.json",
    tags: ['about'],
    querystring: noQuery,
    response: { 200: presetsSchema, ...problemReplies('open') },
  }

  return async (app) => {
    app.get('/v1/presets', { schema }, async () => ({ presets }) as PresetsReply)
  }
}
