import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { signToken } from '../../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../../src/http/auth/token-secret.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { type Job, LANES, type Lane } from '../../src/queue/job.ts'
import { serve } from '../../src/serve.ts'
import { openServices, type Services } from '../../src/services.ts'
import { fanOut } from '../../workers/jobs/fan-out.ts'
import { filterPhoto } from '../../workers/jobs/filter.ts'
import { finishPhoto } from '../../workers/jobs/finish.ts'
import { giveUp } from '../../workers/jobs/give-up.ts'
import { purgePhoto } from '../../workers/jobs/purge.ts'
import { remakePhoto } from '../../workers/jobs/remake.ts'
import { resizePhoto } from '../../workers/jobs/resize.ts'
import { samplePhoto } from '../../workers/jobs/sample.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

export type TestService = AsyncDisposable &
  Services & {
    config: Config
    url: string
    database: TestDatabase
    token(owner: string, options?: { isOperator: boolean }): Promise<string>
    /**
     * A worker of each lane in this process, with the handlers that real ones have. AVIF is made on request: else it is put off, as if
     * somebody always waited, and its jobs give it up.
     */
    work(options?: { withAvif: boolean }): AsyncDisposable
  }

export const silentLog = pino({ level: 'silent' })

/** A log from that level on, and what was written to it, line by line. */
export function recordedLog(level = 'info') {
  const lines: Record<string, unknown>[] = []
  return { lines, log: pino({ level }, { write: (line) => void lines.push(JSON.parse(line)) }) }
}

/** The whole API over a real socket, on a database and a folder of its own, without workers until asked. */
export async function startService(env: Record<string, string> = {}, log = silentLog): Promise<TestService> {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const home = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  opened.defer(async () => await rm(home, { recursive: true, force: true }))
  const config = loadConfig({
    DARKROOM_HOME: home,
    DATABASE_URL: database.url,
    PORT: String(await freePort()),
    ...env,
  })
  const services = opened.use(await openServices(config, log))
  opened.use(await serve(config, log))

  const owned = opened.move()
  return {
    ...services,
    config,
    url: config.publicUrl,
    database,
    token: async (owner, options) =>
      await signToken(await openTokenSecret(home), owner as OwnerId, 3600, options),
    work: ({ withAvif } = { withAvif: false }) => {
      const { queue } = services
      const oldestWaiting = async (lane: Lane) => (withAvif ? await queue.oldestWaiting(lane) : new Date())
      const enqueue = async (job: Job) => await queue.enqueue(job)
      const engines = { ...services, maxPixels: config.maxPixels, queue: { enqueue, oldestWaiting } }
      const handlers = {
        resize: resizePhoto(engines),
        import: resizePhoto(engines),
        filter: filterPhoto(engines),
        purge: purgePhoto(engines),
        remake: remakePhoto(engines),
        sample: samplePhoto(engines),
        fanout: fanOut(engines, silentLog),
        finish: withAvif
          ? finishPhoto(engines)
          : async ({ photoId, edition = 0 }: Job) => {
              const photo = await services.catalog.photos.find(photoId)
              if (photo?.edition !== edition || photo.recipe === null) return
              await services.catalog.renditions.recordLater(photo, photo, {
                renditions: [],
                recipe: photo.recipe,
              })
            },
      }
      const workers = LANES.map((lane) =>
        services.queue.work({ lane, handlers, onFailed: giveUp(services.catalog) }),
      )
      return {
        [Symbol.asyncDispose]: async () => {
          await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
        },
      }
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
