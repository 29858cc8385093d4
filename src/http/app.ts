import type { IncomingMessage } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  fastify,
  LogController,
} from 'fastify'
import type { Catalog } from '../catalog/catalog.ts'
import type { Cdn } from '../delivery/cdn.ts'
import { EngineUnavailableError } from '../errors.ts'
import type { FilterBook } from '../filters/filter-book.ts'
import type { Complete } from '../ingest/direct-uploads.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Log } from '../log.ts'
import type { DailyLimits } from '../photo/daily-limits.ts'
import type { Preset } from '../photo/presets.ts'
import type { OwnerId } from '../photo/shard.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { Prices } from '../reprocess/prices.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { collectAllowedMethods } from './allowed-methods.ts'
import type { Authenticate, Caller } from './auth/authenticate.ts'
import { basePathOf, withoutBasePath } from './base-path.ts'
import { addBodyRules } from './body.ts'
import { compileInput } from './check-input.ts'
import { type ConsoleOptions, consoleRoutes } from './console/console.ts'
import { addCors } from './cors.ts'
import type { DirectGrants } from './direct-grants.ts'
import { demandLeastRate, LEAST_RATE } from './least-rate.ts'
import { MOST_PRESSURE, refuseUnderPressure } from './limits/pressure.ts'
import { createRequestRates, type RequestRates } from './limits/request-rates.ts'
import { limitUploadsAtOnce } from './limits/uploads-at-once.ts'
import { operatorRoutes } from './operator/operator-routes.ts'
import { addErrorReplies, createReplyError } from './problems/error-replies.ts'
import { replyToParserError } from './problems/parser-errors.ts'
import { compileReply } from './replies/compile-reply.ts'
import { addCompression } from './replies/compression.ts'
import { refuseUnknownPresets } from './replies/known-presets.ts'
import { addReplyHeaders } from './replies/reply-headers.ts'
import { SettleWatch } from './replies/settle-watch.ts'
import { aboutRoutes } from './routes/about.ts'
import { completeDirectUploadRoute } from './routes/complete-direct-upload.ts'
import { cookieRoutes } from './routes/cookies.ts'
import { directBytesRoute } from './routes/direct-bytes.ts'
import { directUploadsRoute } from './routes/direct-uploads.ts'
import { eventsRoute } from './routes/events.ts'
import { externalPhotoRoutes } from './routes/external-photos.ts'
import { feedRoute } from './routes/feed.ts'
import { filterRoutes } from './routes/filters.ts'
import { followingRoutes } from './routes/following.ts'
import { healthRoutes } from './routes/health.ts'
import { idsRoute } from './routes/ids.ts'
import { meRoute } from './routes/me.ts'
import { ownerPhotosRoute } from './routes/owner-photos.ts'
import { photoChangeRoute } from './routes/photo-change.ts'
import { photoFilterRoutes } from './routes/photo-filter.ts'
import { photoHistoryRoute } from './routes/photo-history.ts'
import { photoRoutes } from './routes/photos.ts'
import { putPhotoRoute } from './routes/put-photo.ts'
import { uploadRoute } from './routes/upload.ts'
import { uploadRoutes } from './routes/uploads.ts'
import { WEBHOOKS } from './schemas/webhooks.ts'
import { addTrace, requestIdOf, traceparentOf } from './trace.ts'
import { describeTus, methodMeant } from './tus/protocol.ts'
import { logUploads } from './upload/upload-log.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom the token names. There on every route that asks for one, as all that its token tells. */
    owner: OwnerId
    caller: Caller
    /** What the owner may upload in a day. */
    limits: DailyLimits
  }
}

/** Node gives up on a request after 5 minutes; a slow phone may take longer, as long as it keeps to the least rate. */
const REQUEST_MS = 0
/** A connection on which nothing moves for that long is closed. Longer than any `Prefer: wait`. */
const IDLE_MS = 90_000

/** More than Node takes of a URL, so that the schema of a parameter says what is wrong with it. */
const MAX_PARAMETER = 16 * 1024
const JSON_BYTES = 64 * 1024

const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'Darkroom',
    description:
      'Photos in, renditions and signed delivery URLs out. Beside what is here, `/v1/uploads` speaks tus 1.0.0, for uploads in pieces.',
    version: '1',
  },
  webhooks: WEBHOOKS,
  components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
} as const

/** In the order in which they are shown. */
const TAGS = ['photos', 'feed', 'events', 'about', 'operator', 'health']

export type AppDependencies = {
  ingest: Ingest
  complete: Complete
  /** Where this server itself takes in what clients put into the store; null where the store does. */
  directGrants: DirectGrants | null
  catalog: Catalog
  queue: JobQueue
  store: ObjectStore
  cdn: Cdn
  /** What both this API and the CDN are of; null when cookies are for the API's own host. */
  cookieDomain: string | null
  filters: FilterBook
  /** What operators pay for what runs take. */
  prices: Prices
  presets: readonly Preset[]
  /** Whether the app is to be told of what happens to photos. */
  hasWebhook: boolean
  authenticate: Authenticate
  maxUploadBytes: number
  requestRates: RequestRates
  /** Of an owner whose token says nothing else. */
  dailyLimits: DailyLimits
  /** Of one owner, on this server. */
  uploadsAtOnce: number
  /** Whose word counts for the address that a request came from: see Fastify's `trustProxy`. */
  trustedProxies: readonly string[]
  /** Serves renditions when no CDN in front does. */
  edge: FastifyPluginAsync | null
  /** The page to look at; null where it is off. */
  console: Pick<ConsoleOptions, 'delivery' | 'sign'> | null
  /** Whose pages may use the API from a browser. */
  corsOrigins: readonly string[]
  /** As clients see it: what is told of our own paths begins with its path. */
  publicUrl: string
  /** Ends uploads whose body is still coming, by the signal's reason. */
  interrupt: AbortSignal
  /** Aborted when the server is told to stop: from then on nobody is kept waiting, and no connection is kept. */
  stopping: AbortSignal
  log: Log
}

/** The HTTP server, not yet listening. */
export async function createApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { catalog, authenticate, edge, stopping, log, presets, filters } = dependencies
  const recipes = { presets, filters }
  const basePath = basePathOf(dependencies.publicUrl)
  const replyError = createReplyError(log)
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    // Each line of a request's has what a phone's trace is found by.
    childLoggerFactory: (logger, bindings, options, raw) =>
      logger.child({ ...bindings, ...traceparentOf(raw as IncomingMessage) }, options),
    requestTimeout: REQUEST_MS,
    connectionTimeout: IDLE_MS,
    bodyLimit: JSON_BYTES,
    // A request without Host gets a reply of ours.
    http: { requireHostHeader: false },
    frameworkErrors: replyError,
    clientErrorHandler: replyToParserError,
    // Fastify's own 503 is no problem+json.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    trustProxy: [...dependencies.trustedProxies],
    rewriteUrl: (request) => {
      const path = withoutBasePath(request.url ?? '/', basePath)
      // Before a route is looked for.
      request.method = methodMeant(request, path)
      return path
    },
    routerOptions: { maxParamLength: MAX_PARAMETER },
  })
  app.setValidatorCompiler(compileInput)
  app.setSerializerCompiler(compileReply)
  app.removeContentTypeParser('text/plain')
  addTrace(app)
  addReplyHeaders(app)
  // Before what refuses, so that refusals can be read; and before methods are collected, as preflights are of any path.
  await addCors(app, dependencies.corsOrigins)
  addCompression(app)
  addErrorReplies(app, replyError, basePath)
  addBodyRules(app)
  demandLeastRate(app, LEAST_RATE)
  await refuseUnderPressure(app, MOST_PRESSURE)
  app.addHook('onRequest', async () => {
    if (stopping.aborted) throw new EngineUnavailableError('The server is being stopped.')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (stopping.aborted) reply.header('connection', 'close')
  })

  const refuseOtherMethods = collectAllowedMethods(app)
  await app.register(swagger, {
    openapi: { ...OPENAPI, servers: [{ url: basePath || '/' }], tags: TAGS.map((name) => ({ name })) },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', indexPrefix: basePath })

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect(`${basePath}/docs`))

  await app.register(healthRoutes(dependencies))
  await app.register(aboutRoutes(dependencies))
  await app.register(filterRoutes({ ...dependencies, basePath }))
  describeTus(app, dependencies.maxUploadBytes)
  if (edge) await app.register(edge)
  if (dependencies.console) {
    const { counters } = dependencies.requestRates
    const codes = catalog.consoleCodes
    await app.register(consoleRoutes({ ...dependencies, ...dependencies.console, basePath, codes, counters }))
  }
  const grants = dependencies.directGrants
  if (grants) await app.register(directBytesRoute({ ...dependencies, grants }))

  await app.register(async (withToken) => {
    withToken.decorateRequest('owner', '' as OwnerId)
    withToken.decorateRequest('caller')
    withToken.decorateRequest('limits')
    const checkRate = await createRequestRates(withToken, dependencies.requestRates, log)
    withToken.addHook('onRequest', async (request, reply) => {
      await checkRate(request, reply)
      request.caller = await authenticate(request.headers.authorization)
      request.owner = request.caller.owner
      request.limits = { ...dependencies.dailyLimits, ...request.caller.limits }
      await checkRate(request, reply)
    })
    refuseUnknownPresets(withToken, dependencies)
    const settleWatch = new SettleWatch(catalog, stopping)
    await withToken.register(photoRoutes({ ...dependencies, recipes }))
    await withToken.register(photoHistoryRoute({ ...dependencies, recipes }))
    await withToken.register(externalPhotoRoutes({ ...dependencies, recipes }))
    await withToken.register(ownerPhotosRoute({ ...dependencies, recipes }))
    await withToken.register(feedRoute({ ...dependencies, recipes }))
    await withToken.register(followingRoutes(dependencies))
    await withToken.register(eventsRoute(dependencies))
    await withToken.register(photoChangeRoute({ ...dependencies, recipes, settleWatch }))
    await withToken.register(idsRoute(dependencies))
    await withToken.register(directUploadsRoute({ ...dependencies, grants }))
    await withToken.register(meRoute(dependencies))
    await withToken.register(cookieRoutes(dependencies))
    await withToken.register(photoFilterRoutes({ ...dependencies, recipes, settleWatch }))
    await withToken.register(operatorRoutes({ ...dependencies, basePath }))
    await withToken.register(async (uploads) => {
      uploads.removeAllContentTypeParsers()
      logUploads(uploads)
      limitUploadsAtOnce(uploads, dependencies.uploadsAtOnce)
      const common = { ...dependencies, recipes, basePath, settleWatch }
      await uploads.register(uploadRoute(common))
      await uploads.register(putPhotoRoute(common))
      await uploads.register(completeDirectUploadRoute(common))
      await uploads.register(uploadRoutes(common))
    })
  })
  refuseOtherMethods()
  return app
}
