import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DarkroomError, SetupError } from '../errors.ts'
import { keepAlive, type Log, type RunningProcess } from '../supervisor/keep-alive.ts'
import { serverAccount } from './account.ts'
import { checkBelonging } from './belonging.ts'
import { findBinaries } from './binaries.ts'
import { DATABASE, dataIn, prepareCluster, readPassword, USER } from './cluster.ts'
import { freePort } from './free-port.ts'
import { lockFolder } from './lock.ts'
import { preparePlace } from './place.ts'
import { findPostmaster } from './postmaster.ts'
import { NotYetError, startServer } from './server.ts'

export type EmbeddedPostgresOptions = {
  /** Made when missing; belongs to PostgreSQL alone. */
  directory: string
  log: Log
  /** How many it takes at once. */
  connections?: number
}

/** `url` stays the same until disposed; `pid` is null while the server is down. Disposing resolves when it has stopped. */
export type EmbeddedPostgres = AsyncDisposable & {
  readonly url: string
  readonly pid: number | null
  /** Where its data really lies: the directory, or where a link of that name leads. */
  readonly path: string
}

const ATTEMPTS = 20
const ATTEMPT_PAUSE_MS = 500

/**
 * Runs a PostgreSQL of our own on the directory, and starts it again on the same port whenever it dies. It
 * listens on 127.0.0.1 only. A server that a killed owner left behind is stopped first. Throws SetupError when
 * Darkroom already runs on the directory, or PostgreSQL can't run there.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory)
  return orSetupError(directory, () => start(directory, options))
}

/** For commands beside a running Darkroom. Throws SetupError when no server runs on the directory. */
export async function embeddedPostgresUrl(directory: string): Promise<string> {
  return orSetupError(directory, async () => {
    const path = await realpath(directory).catch(() => null)
    if (path) await checkBelonging(path, resolve(directory))
    const postmaster = path && (await findPostmaster(dataIn(path)))
    if (!postmaster) throw new SetupError(`No Darkroom runs on ${directory}. Start it, or set DATABASE_URL.`)
    return urlOf(await readPassword(path), postmaster.port)
  })
}

async function start(
  directory: string,
  { log, connections = 100 }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  await using stack = new AsyncDisposableStack()
  const account = await serverAccount()
  const path = await preparePlace(directory, account)
  stack.use(lockFolder(path, directory))
  const binaries = await findBinaries(account)
  await prepareCluster(path, account, binaries)

  const startOn = (port: number) =>
    startServer({ data: dataIn(path), account, binaries, port, connections, log })
  const { port, first } = await startOnFreePort(startOn)
  const server = stack.use(keepAlive({ name: 'postgres', log, first, start: () => startOn(port) }))
  const url = urlOf(await readPassword(path), port)
  const owned = stack.move()
  return {
    url,
    path,
    get pid() {
      return server.pid
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function startOnFreePort(
  startOn: (port: number) => Promise<RunningProcess>,
): Promise<{ port: number; first: RunningProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return { port, first: await startOn(port) }
    } catch (error) {
      if (!(error instanceof NotYetError) || attempt === ATTEMPTS) throw error
    }
    await sleep(ATTEMPT_PAUSE_MS)
  }
}

function urlOf(password: string, port: number): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`
}

/** Translates what the system and SQLite say of a disk that is full or a folder that is closed to us. */
async function orSetupError<T>(directory: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof DarkroomError || !(error instanceof Error && 'code' in error)) throw error
    const isOurFolder = 'path' in error && String(error.path).startsWith(directory)
    const wayOut = isOurFolder ? 'Choose another with DARKROOM_HOME, or set DATABASE_URL.' : ''
    throw new SetupError(`PostgreSQL can't run on ${directory}: ${error.message}. ${wayOut}`.trimEnd(), {
      cause: error,
    })
  }
}
