import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BookedFilter, FilterBook } from '../../filters/filter-book.ts'
import { TableFiles } from '../../filters/table-files.ts'
import { FilterNotFoundError } from '../errors.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { encodingFor } from '../replies/compression.ts'
import { answerKnown, entityTagOf, isKnown, notModified, tagged } from '../replies/conditional-get.ts'
import { filterReply, filtersReply } from '../schemas/filter.ts'
import { noQuery } from '../schemas/types.ts'

/** Anybody may ask, without a token: so often it is looked in the catalog. */
const LOOKS_EVERY_MS = 1_000

const DAY_S = 86_400
const YEAR_S = 365 * DAY_S

const listSchema = {
  operationId: 'listFilters',
  summary: 'The looks photos can have',
  description:
    'With their colour tables, vignettes and grain, so that an app can show a look before it is asked for.',
  tags: ['about'],
  querystring: noQuery,
  response: { 200: tagged(filtersReply), 304: notModified, ...problemReplies('open') },
}

const tableSchema = {
  tags: ['about'],
  params: Type.Object({ name: Type.String() }),
  querystring: Type.Object(
    { v: Type.Optional(Type.String({ description: 'As the list of filters gives it.' })) },
    { additionalProperties: false },
  ),
}

// A name with a line break in it is no part of a path of ours.
const NO_FILTER = problemReplies('open', 'filter_not_found', 'route_not_found')

/** Tables are for every page: see `isTableKnown`. */
const OWN_CORS = { cors: false } as const

const cubeSchema = {
  ...tableSchema,
  operationId: 'getFilterCube',
  summary: "A filter's colour table as a .cube file",
  description: 'Its colours alone: the format has no words for a vignette or grain.',
  response: {
    200: tagged({ content: { 'text/plain': { schema: { type: 'string' } } } }),
    304: notModified,
    ...NO_FILTER,
  },
}

const haldSchema = {
  ...tableSchema,
  operationId: 'getFilterHald',
  summary: "A filter's colour table as a HALD CLUT of level 8 (512 × 512, 64 points an axis)",
  description: 'Its colours alone, without a vignette or grain.',
  response: {
    200: tagged({ content: { 'image/png': { schema: { type: 'string' } } } }),
    304: notModified,
    ...NO_FILTER,
  },
}

type Dependencies = { filters: FilterBook; basePath: string }

/** The looks, and the very tables that renditions are made with. The same for everybody, so no token is asked for. */
export function filterRoutes({ filters, basePath }: Dependencies): FastifyPluginAsyncTypebox {
  const files = new TableFiles()

  return async (app) => {
    app.get('/v1/filters', { schema: listSchema }, async (request, reply) => {
      // What is known is told while the catalog is unavailable.
      await filters.look({ withinMs: LOOKS_EVERY_MS }).catch(() => {})
      const list = { filters: filters.all.map((filter) => filterReply(filter, basePath)) }
      if (answerKnown(request, reply, entityTagOf(list))) return reply
      return list
    })

    app.get('/v1/filters/:name.cube', { schema: cubeSchema, config: OWN_CORS }, async (request, reply) => {
      const filter = await find(filters, request.params.name)
      const isCompressed = encodingFor(request.headers['accept-encoding'], ['gzip']) !== null
      reply.header('vary', 'accept-encoding')
      if (isTableKnown(request, reply, filter, `"${filter.digest}.cube${isCompressed ? '.gz' : ''}"`))
        return reply
      const file = await files.get(filter, 'cube')
      reply
        .type('text/plain; charset=utf-8')
        .header('content-disposition', `attachment; filename="${filter.name}.cube"`)
      return isCompressed
        ? reply.header('content-encoding', 'gzip').send(file)
        : reply.send(await promisify(gunzip)(file))
    })

    app.get('/v1/filters/:name.png', { schema: haldSchema, config: OWN_CORS }, async (request, reply) => {
      const filter = await find(filters, request.params.name)
      const etag = `"${filter.digest}.hald"`
      if (isTableKnown(request, reply, filter, etag)) return reply
      return reply.type('image/png').send(await files.get(filter, 'hald'))
    })
  }
}

async function find(filters: FilterBook, name: string): Promise<BookedFilter> {
  if (!filters.find(name)) await filters.look({ withinMs: LOOKS_EVERY_MS })
  const filter = filters.find(name)
  if (!filter) throw new FilterNotFoundError(name)
  return filter
}

/** Sets what caches go by, and answers 304 when the client has the table. With its digest in the URL a table never changes. */
function isTableKnown(
  request: FastifyRequest<{ Querystring: { v?: string } }>,
  reply: FastifyReply,
  filter: BookedFilter,
  etag: string,
): boolean {
  const isVersioned = request.query.v === filter.digest
  reply.headers({
    etag,
    'cache-control': isVersioned ? `public, max-age=${YEAR_S}, immutable` : `public, max-age=${DAY_S}`,
    // Lets web apps read the table, for WebGL.
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
  })
  if (!isKnown(request.headers, etag)) return false
  reply.code(304).send()
  return true
}
