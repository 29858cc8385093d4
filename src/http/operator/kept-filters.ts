import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import { type FilterBook, KEPT } from '../../filters/filter-book.ts'
import { readCube } from '../../filters/read-cube.ts'
import { FILTER_NAME_PATTERN, type FilterName, MAX_FILTER_NAME } from '../../photo/look/filter.ts'
import { filterDigest } from '../../photo/look/filter-digest.ts'
import { FilterNotFoundError, FilterTakenError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { filterReply, filterSchema } from '../schemas/filter.ts'
import { noQuery } from '../schemas/types.ts'

/** One of 65 points an axis has 10 MB, with ten digits a number. */
const MAX_CUBE_BYTES = 16_000_000

const params = Type.Object({
  name: Type.String({
    pattern: FILTER_NAME_PATTERN,
    maxLength: MAX_FILTER_NAME,
    description: 'Small Latin letters, digits, and single hyphens between them.',
  }),
})

const common = { tags: ['operator'], security: [{ bearer: [] }], params, querystring: noQuery }

const keepSchema = {
  ...common,
  operationId: 'keepFilter',
  summary: 'Keep a look',
  description: `The body is a \`.cube\` file of 2 to 65 points an axis, up to ${MAX_CUBE_BYTES / 1e6} MB; the format has no words for a vignette or grain, so the look has neither. Every server and worker knows the look from then on, without a new start. Another table under the same name makes other keys: photos that have the look keep what they have until they are made anew. May be repeated.`,
  body: { content: { 'text/plain': { schema: Type.String({ description: 'A `.cube` file.' }) } } },
  response: {
    200: { ...filterSchema, description: 'It takes the place of the one before.' },
    201: { ...filterSchema, description: 'It is new.' },
    ...problemReplies('json', 'operator_only', 'invalid_cube', 'filter_taken'),
  },
}

const removeSchema = {
  ...common,
  operationId: 'removeKeptFilter',
  summary: 'Keep a look no more',
  description:
    'Photos that have it stay as they are; they can be made anew with it when it is kept again. One of the same table makes the same pixels.',
  response: {
    204: Type.Null({ description: 'It is not kept any more.' }),
    ...problemReplies('json', 'operator_only', 'filter_not_found', 'filter_taken'),
  },
}

type Dependencies = { catalog: Pick<Catalog, 'keptFilters'>; filters: FilterBook; basePath: string }

/** PUT and DELETE /v1/filters/:name: the looks that an operator keeps in the catalog. */
export function keptFilterRoutes({ catalog, filters, basePath }: Dependencies): FastifyPluginAsyncTypebox {
  const refuseTaken = (name: string) => {
    const filter = filters.find(name)
    if (filter && filter.origin !== 'kept') throw new FilterTakenError(name, filter.origin)
  }

  return async (app) => {
    await app.register(async (cubes) => {
      cubes.removeAllContentTypeParsers()
      cubes.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, text, done) =>
        done(null, text),
      )

      const options = { schema: keepSchema, bodyLimit: MAX_CUBE_BYTES }
      cubes.put('/v1/filters/:name', options, async ({ params, body, owner }, reply) => {
        const { name } = params as { name: FilterName }
        refuseTaken(name)
        const { title, table } = await readCube(typeof body === 'string' ? body : '')
        const filter = { name, title: title ?? name, digest: filterDigest(table) }
        const isNew = await catalog.keptFilters.keep({ ...filter, table, keptBy: owner })
        await filters.look()
        return reply.code(isNew ? 201 : 200).send(filterReply({ ...filter, ...KEPT }, basePath))
      })
    })

    app.delete('/v1/filters/:name', { schema: removeSchema }, async ({ params }, reply) => {
      const name = params.name as FilterName
      refuseTaken(name)
      if (!(await catalog.keptFilters.remove(name))) throw new FilterNotFoundError(name)
      await filters.look()
      return reply.code(204).send(null)
    })
  }
}
