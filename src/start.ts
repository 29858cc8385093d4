import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Config, DatabaseConfig } from './config/config.ts'
import { signingKeyOf } from './delivery/signing-key.ts'
import { startEmbeddedPostgres } from './embedded-postgres/embedded-postgres.ts'
import { SetupError } from './errors.ts'
import { signToken } from './http/auth/sign-token.ts'
import { openTokenSecret } from './http/auth/token-secret.ts'
import { PAGE_FILE } from './http/console/built-page.ts'
import { checkAddress } from './http/listen.ts'
import type { Log } from './log.ts'
import type { OwnerId } from './photo/shard.ts'
import { databaseName } from './postgres/connections.ts'
import { readPresets } from './presets/read-presets.ts'
import { LANES } from './queue/job.ts'
import { supervise } from './supervisor/supervisor.ts'
import { superviseWorkers } from './worker-processes.ts'

const CLI = join(import.meta.dirname, 'cli.ts')
/** Not there in an image, which has the built page. */
const BUILD_CONSOLE = join(import.meta.dirname, '../console/build.ts')

/**
 * A young generation of 4 MB, not 1, for the garbage of uploads: it is collected a quarter as often. What `serve` sets by
 * itself does the rest.
 */
export const API_NODE_FLAGS = ['--min-semi-space-size=4']

const TRIAL_OWNER = 'me' as OwnerId
const TRIAL_TOKEN_S = 7 * 24 * 3600

/** For what the API does besides, before and after it lets requests in flight finish. */
const API_STOP_MARGIN_MS = 10_000

/** As many as a worker, its queue included, and then the API and commands like `sweep` may want at once, and to spare. */
const CONNECTIONS_OF_WORKER = 10
const CONNECTIONS_BESIDE_WORKERS = 80

/** What was started, and what to try it with. Disposing drains the API and the workers, then stops the database. */
export type Started = AsyncDisposable & {
  url: string
  home: string
  /** Where the database lies: a folder, or the names of others' servers. */
  database: string
  token: string | null
  /** Opens the console, signed in where we make the tokens; null where it is off. */
  console: string | null
}

/**
 * Everything on one machine: the embedded PostgreSQL unless others are configured, one API process and the
 * workers of both lanes, each started again when it dies. Throws SetupError when that can't be.
 */
export async function start(config: Config, env: NodeJS.ProcessEnv, log: Log): Promise<Started> {
  await using opened = new AsyncDisposableStack()
  await makeHome(config.home)
  const secret =
    config.auth.kind === 'secret' ? (config.auth.secret ?? (await openTokenSecret(config.home))) : null
  await signingKeyOf(config.cdn)
  await readPresets(config.presetsFile)
  const building = config.hasConsole === false ? Promise.resolve(false) : buildConsole(log)
  const { database, place } = await openDatabase(config, log, opened)
  // Before anything is started on its account: a port that is taken makes one clear line.
  await checkAddress(config)
  const hasConsole = await building
  const processEnv = {
    ...env,
    CONSOLE: hasConsole ? 'on' : 'off',
    DARKROOM_HOME: config.home,
    ...(database.kind === 'url' && { DATABASE_URL: [database.url, ...database.replicas].join('|') }),
  }
  await migrate(processEnv)
  const api = supervise({
    name: 'api',
    command: [...API_NODE_FLAGS, CLI, 'serve'],
    env: processEnv,
    log,
    stopWithinMs: config.stopSeconds * 1000 + API_STOP_MARGIN_MS,
  })
  const workers = superviseWorkers({
    lanes: LANES,
    count: config.workers,
    batchNice: config.batchNice,
    env: processEnv,
    log,
  })
  // Side by side: requests and jobs finish, and only then the database goes.
  opened.defer(async () => {
    await Promise.all([api[Symbol.asyncDispose](), workers[Symbol.asyncDispose]()])
  })
  const linking = hasConsole ? linkToConsole(config, secret, processEnv) : null
  await Promise.all([linking, api.ready, workers.ready])

  const disposal = opened.move()
  return {
    url: config.publicUrl,
    home: config.home,
    database: place,
    token: secret === null ? null : await signToken(secret, TRIAL_OWNER, TRIAL_TOKEN_S),
    console: await linking,
    [Symbol.asyncDispose]: async () => await disposal.disposeAsync(),
  }
}

async function openDatabase(
  { database, workers }: Config,
  log: Log,
  opened: AsyncDisposableStack,
): Promise<{ database: DatabaseConfig; place: string }> {
  if (database.kind === 'url') return { database, place: databaseName(database.url) }
  if (database.kind === 'shards') {
    const names = new Set(database.ranges.map(({ url }) => databaseName(url)))
    return { database, place: [...names].join(', ') }
  }
  const { directory } = database
  const connections = CONNECTIONS_BESIDE_WORKERS + LANES.length * workers * CONNECTIONS_OF_WORKER
  const { url, path } = opened.use(await startEmbeddedPostgres({ directory, connections, log }))
  return { database: { kind: 'url', url, replicas: [] }, place: path }
}

/**
 * The page, if it is older than what it is made of: what builds it is loaded in no process that stays. Returns whether there is
 * one; without it all else goes on.
 */
async function buildConsole(log: Log): Promise<boolean> {
  try {
    if (existsSync(BUILD_CONSOLE)) await promisify(execFile)(process.execPath, [BUILD_CONSOLE])
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    const reason = /^\w*Error: .*$/m.exec(stderr)?.[0] ?? message
    log.warn({ reason }, 'the console can not be built, and is as it was before, if it was there')
  }
  return existsSync(PAGE_FILE)
}

/** Good once, and for minutes. Where tokens come from an issuer, the page asks for one. */
async function linkToConsole(
  { publicUrl }: Config,
  secret: string | null,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  if (secret === null) return `${publicUrl}/console`
  return await run(['console', TRIAL_OWNER, '--operator'], env)
}

async function migrate(env: NodeJS.ProcessEnv): Promise<void> {
  await run(['migrate'], env)
}

/** What a command prints. In a process of its own: what these load wants a third of the memory that we hold from then on. */
async function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...command], { env })
    return stdout.trim()
  } catch (error) {
    const said = /^darkroom: (.*)\n$/s.exec((error as { stderr?: string }).stderr ?? '')?.[1]
    throw said ? new SetupError(said, { cause: error }) : error
  }
}

/** Open to other users as a folder, so that the database's own account can pass; what is secret in it is not. */
async function makeHome(home: string): Promise<void> {
  try {
    await makeFolder(home)
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new SetupError(
      `The data directory ${home} can't be written${reason}. Choose another with DARKROOM_HOME.`,
      {
        cause: error,
      },
    )
  }
}

/** @NOTE mkdir's own `recursive` never returns where a folder exists and refuses new names with ENOENT, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT') throw error
    await makeFolder(dirname(path))
    await mkdir(path)
  }
}
