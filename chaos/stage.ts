import { chmod, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Config, loadConfig } from '../src/config/config.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import type { Log } from '../src/log.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Shell } from './command.ts'
import { type Darkroom, startDarkroom } from './darkroom.ts'
import { type Disk, openDisk } from './disk.ts'
import type { Engines } from './engines/engines.ts'
import { type EngineSet, openEngines } from './engines/open-engines.ts'
import { processesWith, signal } from './processes.ts'
import { createRandom } from './random.ts'

/** A Darkroom that is ready, with all that it works with, for one run. */
export type Stage = {
  /** Where it listens, past whatever PUBLIC_URL leads through. */
  url: string
  /** Of all servers: that one, and another where there may be several. */
  urls: readonly string[]
  config: Config
  shell: Shell
  /** Whatever is there is never full, and goes when the run ends well. */
  home: string
  engines: Engines
  disk: Disk
  darkroom: Darkroom
  tokenOf(owner: OwnerId): Promise<string>
  log: Log
}

export type StageOptions = {
  seed: number
  engines: EngineSet
  /** What Darkroom is told besides. */
  env?: Record<string, string>
  stop: AbortSignal
}

/** `home` is kept, with the logs, when there are findings. */
export type Closing = { ms: number; home: string }

/** On many systems the temporary folder is memory, where PostgreSQL and Ceph would want gigabytes. */
const DISK = process.platform === 'linux' ? '/var/tmp' : tmpdir()
const LOG = 'darkroom.log'
/** The variable that all processes of a run are given. */
const RUN = 'DARKROOM_CHAOS'
/** An upload and its jobs write ten lines; something that goes round in circles writes far more. */
const MAX_LOG_BYTES = 50_000_000
const TOKEN_SECRET = 'a secret of forty characters for chaos..'
export const READY_WITHIN_MS = 90_000

/** What came of a play, and of its stage: processes that are left, and what the log should not have, are findings, too. */
export async function onStage<Books extends { findings: readonly string[] }>(
  options: StageOptions,
  play: (stage: Stage) => Promise<Books>,
): Promise<Books & Closing> {
  const startedAt = performance.now()
  const home = await mkdtemp(join(DISK, 'darkroom-chaos-'))
  // PostgreSQL, which runs as another account when we are root, must get through.
  await chmod(home, 0o755)
  const log = pino({ level: 'info' }, pino.destination({ dest: join(home, 'chaos.log'), sync: true }))

  const books = await played(options, { home, log }, play).catch(async (error) => {
    await endLeftovers(home)
    if (options.stop.aborted) await rm(home, { recursive: true, force: true })
    throw error
  })
  const findings = [...books.findings, ...(await endLeftovers(home)), ...(await logged(join(home, LOG)))]
  if (findings.length === 0) await rm(home, { recursive: true, force: true })
  return { ...books, findings, ms: Math.round(performance.now() - startedAt), home }
}

async function played<Books>(
  { seed, engines: set, env: more }: StageOptions,
  { home, log }: { home: string; log: Log },
  play: (stage: Stage) => Promise<Books>,
): Promise<Books> {
  await using disk = await openDisk(home)
  const logFile = join(disk.path, LOG)
  // It is read when the disk is gone.
  await using _log = { [Symbol.asyncDispose]: async () => await copyFile(logFile, join(home, LOG)) }
  const places = { disk: disk.path, folder: home }
  await using engines = await openEngines(set, places, createRandom(seed, 'engines'), log)
  const env = {
    PATH: process.env.PATH ?? '',
    DARKROOM_HOME: join(disk.path, 'home'),
    [RUN]: home,
    PORT: String(await freePort()),
    WORKERS: '2',
    TOKEN_SECRET,
    // Else whatever runs beside us decides when the last AVIF is made.
    BATCH_NICE: '0',
    ...engines.env,
    ...more,
  }
  const config = loadConfig(env)
  const url = `http://127.0.0.1:${config.port}`
  // Others can't reach a PostgreSQL that starts with Darkroom.
  const others = engines.databases.length > 0 ? [await freePort()] : []
  await using darkroom = await startDarkroom({ ...config, publicUrl: url }, { env, others }, logFile, log)
  if (!(await darkroom.untilReady(READY_WITHIN_MS))) throw new Error(`Darkroom did not start: see ${home}`)
  const tokenOf = (owner: OwnerId) => signToken(TOKEN_SECRET, owner, 3600)
  return await play({
    url,
    urls: darkroom.urls,
    config,
    shell: { env, logFile },
    home,
    engines,
    disk,
    darkroom,
    tokenOf,
    log,
  })
}

/** Processes of Darkroom's that are there when all of it was stopped. They are ended. */
async function endLeftovers(home: string): Promise<string[]> {
  const found = await processesWith(`${RUN}=${home}`, home)
  signal(
    found.map(({ pid }) => pid),
    'SIGKILL',
  )
  return found.map(({ pid, command }) => `process ${pid} goes on by itself: ${command}`)
}

/** A log that is flooded, and processes that nobody killed. */
async function logged(file: string): Promise<string[]> {
  const { size } = await stat(file)
  if (size > MAX_LOG_BYTES) return [`the log has ${Math.round(size / 1e6)} MB`]
  // What Node prints last of an exception that nobody caught.
  const crashes = (await readFile(file, 'utf8')).match(/^Node\.js v[\d.]+$/gm) ?? []
  return crashes.length > 0 ? [`${crashes.length} processes died of an exception, which the log has`] : []
}
