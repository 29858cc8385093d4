import type { Readable } from 'node:stream'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Log } from '../../log.ts'
import { EventStreams } from '../events/event-streams.ts'
import { problemReplies } from '../problems/problem-replies.ts'
import { streamedEvent } from '../schemas/event.ts'
import { noQuery } from '../schemas/types.ts'

type Dependencies = { catalog: Catalog; stopping: AbortSignal; log: Log }

const schema = {
  tags: ['events'],
  security: [{ bearer: [] }],
  operationId: 'getEvents',
  summary: 'What happens, as it happens',
  description: [
    'Server-sent events, for as long as the connection and the token last: of your own photos `photo.ready`, `photo.failed`,',
    '`photo.look`, `photo.visibility` and `photo.deleted`, in the order in which it happened, and `feed.new` of those you follow.',
    'Each is told at least once. Send the last `id:` as `Last-Event-ID` to go on there, for a day; `reset` says that this is not',
    "possible, and that what is shown is to be loaded anew. Browsers' EventSource sends no token: use `fetch`, or `events()` of darkroom-client.",
  ].join(' '),
  querystring: noQuery,
  response: {
    200: {
      description: 'Each `data:` is JSON.',
      content: { 'text/event-stream': { schema: Type.Unsafe<Readable>(streamedEvent) } },
    },
    ...problemReplies('token', 'too_many_streams'),
  },
}

/** Nobody on the way may keep what is written; nginx is told so by a header of its own. It is all that the connection is for. */
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'private, no-cache, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
} as const

export function eventsRoute({ catalog, stopping, log }: Dependencies): FastifyPluginAsyncTypebox {
  const streams = new EventStreams(catalog, { stopping, log })
  return async (app) => {
    app.get('/v1/events', { schema, exposeHeadRoute: false }, async (request, reply) => {
      const lastEventId = request.headers['last-event-id']
      const stream = await streams.open(request.owner, {
        lastEventId: typeof lastEventId === 'string' ? lastEventId : null,
        expiresAt: request.caller.expiresAt,
      })
      return reply.headers(HEADERS).send(stream.body)
    })
  }
}
