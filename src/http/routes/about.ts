import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { FILTER_NAMES, FILTERS } from '../../photo/filters.ts'
import { PRESET_NAMES, PRESETS } from '../../photo/presets.ts'
import { RENDITION_FORMAT_NAMES } from '../../photo/recipe.ts'
import { filtersReply, presetsReply } from '../schemas.ts'

/** What there is to choose from. The same for everybody, so no token is asked for. */
export function aboutRoutes(): FastifyPluginAsyncTypebox {
  const presets = PRESET_NAMES.map((name) => ({
    name,
    ...PRESETS[name],
    formats: [...RENDITION_FORMAT_NAMES],
  }))
  const filters = FILTER_NAMES.map((name) => ({
    name,
    title: FILTERS[name].title,
    description: FILTERS[name].description,
  }))

  const presetsSchema = {
    operationId: 'listPresets',
    summary: 'The sizes photos are made in',
    tags: ['about'],
    response: { 200: presetsReply },
  }
  const filtersSchema = {
    operationId: 'listFilters',
    summary: 'The looks photos can have',
    tags: ['about'],
    response: { 200: filtersReply },
  }

  return async (app) => {
    app.get('/v1/presets', { schema: presetsSchema }, async () => ({ presets }))
    app.get('/v1/filters', { schema: filtersSchema }, async () => ({ filters }))
  }
}
