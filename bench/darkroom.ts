import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, loadConfig } from '../src/config/config.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { LANES } from '../src/queue/job.ts'
import { migrateServices, openServices, type Services } from '../src/services.ts'
import { API_NODE_FLAGS } from '../src/start.ts'
import { type Supervised, supervise } from '../src/supervisor/supervisor.ts'
import { WORKER_ENV, WORKER_NODE_FLAGS } from '../src/worker-processes.ts'
import type { Bench } from './bench.ts'

const ROOT = join(import.meta.dirname, '..')
const POLL_MS = 100
const LOOK_MS = 3
const GIVE_UP_MS = 30_000
export const OWNER = 'bench' as OwnerId

/** A home with its engines, and no process yet that works on them. `env` is what such a process wants. */
export type Home = AsyncDisposable & { config: Config; env: Record<string, string>; services: Services }

export async function openHome(bench: Bench, engines: Record<string, string> = {}): Promise<Home> {
  const { home, databaseUrl } = await bench.makeHome()
  const env = {
    PATH: process.env.PATH ?? '',
    DARKROOM_HOME: home,
    DATABASE_URL: databaseUrl,
    PORT: String(await freePort()),
    LOG_LEVEL: 'warn',
    ...engines,
  }
  const config = loadConfig(env)
  await migrateServices(config)
  const services = await openServices(config, bench.log)
  return { config, env, services, [Symbol.asyncDispose]: () => services[Symbol.asyncDispose]() }
}

export type Darkroom = Home & { url: string; token: string; api: Supervised; workers: readonly Supervised[] }

/** The processes that `darkroom start` runs: the API and so many workers of each lane, which all stay. `engines` is the environment of those of the cloud. */
export async function startDarkroom(
  bench: Bench,
  { workers, engines = {} }: { workers: number; engines?: Record<string, string> },
): Promise<Darkroom> {
  await using opened = new AsyncDisposableStack()
  const home = opened.use(await openHome(bench, engines))
  const start = (name: string, command: string[], env: Record<string, string> = {}, nice = 0) =>
    opened.use(supervise({ name, command, env: { ...env, ...home.env }, log: bench.log, nice }))
  const api = start('api', [...API_NODE_FLAGS, join(ROOT, 'src/cli.ts'), 'serve'])
  const crew = LANES.flatMap((lane) =>
    Array.from({ length: workers }, (_, index) => {
      const command = [...WORKER_NODE_FLAGS, join(ROOT, 'workers/main.ts'), '--lane', lane]
      return start(`${lane} worker ${index + 1}`, command, WORKER_ENV, lane === 'batch' ? 19 : 0)
    }),
  )
  await Promise.all([api, ...crew].map(({ ready }) => ready))
  const token = await signToken(await openTokenSecret(home.config.home), OWNER, 3600)

  const disposal = opened.move()
  return {
    ...home,
    url: home.config.publicUrl,
    token,
    api,
    workers: crew,
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** The moment at which the photo is ready. Asks the catalog itself, often: the API would answer up to 50 ms late. */
export async function settledAt({ services }: Home, id: PhotoId): Promise<number> {
  const giveUpAt = performance.now() + GIVE_UP_MS
  while (performance.now() < giveUpAt) {
    const { size } = await services.catalog.photos.settled([id])
    if (size > 0) return performance.now()
    await sleep(LOOK_MS)
  }
  throw new Error(`photo ${id} is not ready after ${GIVE_UP_MS} ms`)
}

/** Resolves when no job waits or runs. Throws when one has failed. */
export async function untilIdle({ services: { queue } }: Home): Promise<void> {
  for (;;) {
    const { waiting, active, delayed, failed } = await queue.counts()
    if (failed > 0) throw new Error(`${failed} jobs have failed`)
    if (waiting + active + delayed === 0) return
    await sleep(POLL_MS)
  }
}
