import { join } from 'node:path'
import { type Config, loadConfig } from '../config/config.ts'
import { examineCdn, examineSigning } from '../delivery/examine-cdn.ts'
import { inspectPlaces } from '../embedded-postgres/inspect-places.ts'
import { examineTokens } from '../http/auth/examine-tokens.ts'
import { createLog } from '../log.ts'
import { openServices } from '../services.ts'
import {
  examineApi,
  examineCache,
  examineDatabase,
  examineQueue,
  examineReplicas,
  examineRuns,
  examineStore,
  examineWebhook,
} from './engines.ts'
import { examineFilters, examineHome, examinePresets } from './files.ts'
import { bad, type Finding, look, well } from './finding.ts'

/**
 * Looks at the configuration, then at each engine it names, and goes on past what is broken. With `fix` it creates
 * what is missing on the bucket of the objects.
 */
export async function* examine(env: NodeJS.ProcessEnv, { fix = false } = {}): AsyncGenerator<Finding> {
  let config: Config
  try {
    config = loadConfig(env)
  } catch (error) {
    yield bad('configuration', error)
    return
  }
  yield well(
    'configuration',
    `${config.publicUrl}, ${config.workers} workers, photos up to ${config.maxUploadBytes / 1e6} MB and ${config.maxPixels / 1e6} megapixels`,
  )
  yield await look('runtime', async () => `Node ${process.versions.node}`)
  yield await look('filters', async () => await examineFilters(config))
  yield await look('presets', async () => await examinePresets(config))
  yield await look('tokens', async () => await examineTokens(config))
  yield await look('CDN', async () => await examineCdn(config.cdn))
  yield await look('home', async () => await examineHome(config))

  yield* inspectPlaces(join(config.home, 'postgres'), { fix })

  const log = createLog('doctor', 'error')
  try {
    await using services = await openServices(config, log, { connections: 2, presets: [] })
    yield await look('database', async () => await examineDatabase(services))
    const replicas = await services.catalog.replicas.states()
    if (replicas.length > 0) yield await look('replicas', async () => await examineReplicas(replicas))
    yield await look('cache', async () => await examineCache(config, log))
    yield await look('queue', async () => await examineQueue(services))
    yield await look('runs', async () => await examineRuns(services))
    if (config.webhook) yield await look('webhook', async () => await examineWebhook(services))
    if (config.store.kind === 's3') {
      const { inspectBucket } = await import('../storage/bucket-setup.ts')
      yield* inspectBucket(config.store, { fix, origins: config.corsOrigins })
    }
    yield await look('storage', async () => await examineStore(services))
    yield await look('signing key', async () => await examineSigning(config.cdn, services.signingKey))
  } catch (error) {
    yield bad('engines', error)
  }
  yield await look('api', async () => await examineApi(config))
}
