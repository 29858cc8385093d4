import { existsSync } from 'node:fs'
import type { Config } from './config/config.ts'
import { EngineUnavailableError, SetupError } from './errors.ts'
import { createApp } from './http/app.ts'
import { openTokens, type Tokens } from './http/auth/open-tokens.ts'
import { PAGE_FILE } from './http/console/built-page.ts'
import { DirectGrants } from './http/direct-grants.ts'
import { drain, listen } from './http/listen.ts'
import { FirstViews } from './http/replies/first-views.ts'
import { edgeRoute } from './http/routes/edge.ts'
import { originRoute } from './http/routes/origin.ts'
import { detachedImport } from './import/run/detached-import.ts'
import { createComplete } from './ingest/direct-uploads.ts'
import { createIngest } from './ingest/ingest.ts'
import type { Log } from './log.ts'
import { readPrices } from './reprocess/prices.ts'
import { runKinds } from './run-kinds.ts'
import { workRuns } from './runs/work-runs.ts'
import { openBucket, openCounters, openServices, type Services } from './services.ts'

const TOLD_EVERY_MS = 60_000
/** So soon a server knows what is kept by another, also if nobody asks for it. */
const FILTERS_EVERY_MS = 5_000

/**
 * The API, and its part in all runs, listening until disposed. Disposing takes no more connections, and lets requests in flight
 * finish for so long as the configuration says; uploads that have not by then are answered with 503.
 * Throws SetupError when it can't be set up or the port is taken.
 */
export async function serve(config: Config, log: Log): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const services = opened.use(await openServices(config, log))
  // Who opened them tolerates a database that is unavailable; whoever starts a server shall see that it is.
  await services.catalog.health.check()

  const { catalog, queue, store, cdn, filters, presets } = services
  await catalog.installation.keepPresets(presets.map(({ name }) => name))
  const { authenticate, sign } = opened.use(await openTokens(config, log))
  const counters = opened.use(openCounters(config.queue, log)).client
  const stopping = new AbortController()
  const interrupting = new AbortController()
  const ingest = createIngest({
    catalog,
    queue,
    store,
    log,
    maxUploadBytes: config.maxUploadBytes,
    interrupt: interrupting.signal,
  })
  const app = await createApp({
    ingest,
    complete: createComplete({ catalog, store, ingest }),
    directGrants: config.store.kind === 'disk' ? await DirectGrants.open(config.home) : null,
    catalog,
    queue,
    store,
    cdn,
    filters,
    presets,
    prices: await readPrices(config.pricesFile),
    authenticate,
    cookieDomain: config.cdn.cookieDomain,
    console: config.hasConsole ? consoleOf(config, sign) : null,
    corsOrigins: config.corsOrigins,
    publicUrl: config.publicUrl,
    maxUploadBytes: config.maxUploadBytes,
    requestRates: { ...config.requestRates, counters },
    hasWebhook: services.webhook !== null,
    dailyLimits: config.dailyLimits,
    uploadsAtOnce: config.uploadsAtOnce,
    trustedProxies: config.trustedProxies,
    edge: edgeOf(config, services),
    stopping: stopping.signal,
    interrupt: interrupting.signal,
    log,
  })
  const interrupt = () =>
    interrupting.abort(new EngineUnavailableError('The server is being stopped. Send the photo again.'))
  opened.defer(async () => {
    stopping.abort()
    await drain(app, config.stopSeconds * 1000, interrupt)
  })
  for (const { path, reason } of filters.badFiles) log.warn(`${path} is no filter: ${reason}`)
  await listen(app, config)
  const telling = setInterval(() => tellOfFeeds(catalog, log), TOLD_EVERY_MS).unref()
  opened.defer(() => clearInterval(telling))

  const looking = setInterval(() => void filters.look().catch(() => {}), FILTERS_EVERY_MS).unref()
  opened.defer(() => clearInterval(looking))

  // It stops at once, before requests are drained.
  opened.use(
    workRuns({
      engines: services,
      kinds: [...runKinds(config, services), detachedImport(config, { ...services, openBucket })],
      log,
    }),
  )
  return opened.move()
}

/** What part of feeds was at hand; nothing where there were none. */
function tellOfFeeds({ feeds }: Services['catalog'], log: Log): void {
  const { photos, ...remembered } = feeds.takeRates()
  if (photos) log.info({ remembered, photos }, 'feeds')
}

function consoleOf({ cdn, publicUrl }: Config, sign: Tokens['sign']) {
  if (!existsSync(PAGE_FILE)) {
    throw new SetupError(
      'The console is not built. Run `npm run build:console` in the checkout, or set CONSOLE=off.',
    )
  }
  const delivery = new URL(cdn.kind === 'local' ? publicUrl : cdn.origin).origin
  return { delivery, sign }
}

/** What delivers here: all renditions, or those that a CDN in front asks for because its bucket does not have them. */
function edgeOf({ cdn, publicUrl }: Config, services: Services) {
  const { store, signingKey } = services
  const firstViews = new FirstViews(services)
  if (cdn.kind === 'cloudfront')
    return cdn.originSecret === null ? null : originRoute({ store, firstViews, secret: cdn.originSecret })
  const keys = new Map([[signingKey.keyPairId, signingKey.publicKey]])
  return edgeRoute({ store, firstViews, origin: publicUrl, keys })
}
