import { setInterval as every } from 'node:timers/promises'
import type { Config } from './config.ts'
import { EngineUnavailableError } from './errors.ts'
import { createApp } from './http/app.ts'
import { drain, listen } from './http/listen.ts'
import { edgeRoute } from './http/routes/edge.ts'
import { openTokens } from './http/tokens/open-tokens.ts'
import { createIngest } from './ingest/ingest.ts'
import type { Log } from './log.ts'
import { openServices } from './services.ts'
import { sweepJobs, sweepOriginals, sweepRenditions } from './sweep/sweep.ts'
import { takeDown } from './sweep/take-down.ts'

/** Half of the minute within which a lost job is enqueued again. */
const SWEEP_JOBS_MS = 20_000
const SWEEP_ORIGINALS_MS = 3_600_000
const SWEEP_RENDITIONS_MS = 600_000
/** Deleted photos are gone from the CDN within seconds. */
const TAKE_DOWN_MS = 5_000

/**
 * The API and its sweeps, listening until disposed. Disposing takes no more connections, and lets requests in flight
 * finish for so long as the configuration says; uploads that have not by then are answered with 503.
 * Throws SetupError when it can't be set up or the port is taken.
 */
export async function serve(config: Config, log: Log): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const services = opened.use(await openServices(config, log))
  // Who opened them tolerates a database that is away; whoever starts a server shall see that it is.
  await services.catalog.check()

  const { catalog, queue, store, cdn, filters, signingKey } = services
  const { authenticate } = opened.use(await openTokens(config, log))
  const stopping = new AbortController()
  const interrupting = new AbortController()
  const app = await createApp({
    ingest: createIngest({
      catalog,
      queue,
      store,
      log,
      maxUploadBytes: config.maxUploadBytes,
      interrupt: interrupting.signal,
    }),
    catalog,
    queue,
    store,
    cdn,
    filters,
    authenticate,
    publicUrl: config.publicUrl,
    edge:
      config.cdn.kind === 'local'
        ? edgeRoute({
            store,
            origin: config.publicUrl,
            keys: new Map([[signingKey.keyPairId, signingKey.publicKey]]),
          })
        : null,
    stopping: stopping.signal,
    log,
  })
  const sweeps: Promise<void>[] = []
  const interrupt = () =>
    interrupting.abort(new EngineUnavailableError('The server is being stopped. Send the photo again.'))
  opened.defer(async () => {
    stopping.abort()
    await Promise.all([drain(app, config.stopSeconds * 1000, interrupt), ...sweeps])
  })
  for (const { path, reason } of filters.badFiles) log.warn(`${path} is no filter: ${reason}`)
  await listen(app, config)

  const lifeSeconds = config.cdn.windowSeconds + config.cdn.minLifeSeconds
  sweeps.push(
    repeat(SWEEP_JOBS_MS, stopping.signal, log, async () => await sweepJobs(services, log)),
    repeat(SWEEP_ORIGINALS_MS, stopping.signal, log, async () => await sweepOriginals(services, log)),
    repeat(
      SWEEP_RENDITIONS_MS,
      stopping.signal,
      log,
      async () => await sweepRenditions(services, lifeSeconds, log),
    ),
    repeat(TAKE_DOWN_MS, stopping.signal, log, async () => await takeDown(services, log)),
  )
  return opened.move()
}

async function repeat(
  ms: number,
  signal: AbortSignal,
  log: Log,
  sweep: () => Promise<unknown>,
): Promise<void> {
  try {
    for await (const _ of every(ms, null, { signal })) {
      await sweep().catch((err) => log.error({ err }, 'sweep failed; it runs again'))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
