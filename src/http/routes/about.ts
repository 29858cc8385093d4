import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { PRESET_NAMES, PRESETS } from '../../photo/presets.ts'
import { formatsIn } from '../../photo/recipe.ts'
import { problemReplies } from '../problem-replies.ts'
import { noQuery, presetsReply } from '../schemas.ts'

/** What there is to choose from. The same for everybody, so no token is asked for. */
export function aboutRoutes(): FastifyPluginAsyncTypebox {
  const presets = PRESET_NAMES.map((name) => ({
    name,
    ...PRESETS[name],
    formats: [...formatsIn(name)],
  }))
  const schema = {
    operationId: 'listPresets',
    summary: 'The sizes photos are made in',
    tags: ['about'],
    querystring: noQuery,
    response: { 200: presetsReply, ...problemReplies('open') },
  }

  return async (app) => {
    app.get('/v1/presets', { schema }, async () => ({ presets }))
  }
}
