import { chmod, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { loadConfig } from '../src/config/config.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import type { Log } from '../src/log.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { shardRangesOf } from '../src/services.ts'
import { sweepAndAccount } from './afterwards.ts'
import { startDarkroom } from './darkroom.ts'
import { openDisk } from './disk.ts'
import { endRuns } from './end-runs.ts'
import { type EngineSet, openEngines } from './engines.ts'
import type { Toll } from './havoc.ts'
import { findImported } from './importer.ts'
import { halfMoved, leftovers } from './leftovers.ts'
import type { Acts } from './operator.ts'
import { processesWith, signal } from './processes.ts'
import { createRandom } from './random.ts'
import { openDesk, RunLedger } from './run-ledger.ts'
import { secondAct } from './second-act.ts'
import { openServicesWhenBack, type Settled, settle } from './settle.ts'
import { type Plan, type Scene, storm } from './storm.ts'
import type { Attempt } from './uploader.ts'

export type ChaosOptions = Plan & { engines: EngineSet }

/** What came of the uploads, and what is not as it was promised. */
type Books = {
  remark: string
  toll: Toll
  attempts: readonly Attempt[]
  /** How often shards went from one database to another. */
  moves: number
  /** How often the import was begun. */
  imports: number
  /**
   * What its operator did with runs, how often all of them were looked at, how many photos got AVIF by those started, and
   * how many were made anew.
   */
  runs: { acts: Acts; looks: number; photos: number; remade: number }
  settled: Settled
  strays: number
  findings: readonly string[]
}

/** `home` is kept, with the logs, when there are findings. */
export type ChaosReport = Omit<ChaosOptions, 'stop'> & Books & { ms: number; home: string }

/** On many systems the temporary folder is memory, where PostgreSQL and Ceph would want gigabytes. */
const DISK = process.platform === 'linux' ? '/var/tmp' : tmpdir()
const LOG = 'darkroom.log'
/** The variable that all processes of a run are given. */
const RUN = 'DARKROOM_CHAOS'
/** An upload and its jobs write ten lines; something that goes round in circles writes far more. */
const MAX_LOG_BYTES = 50_000_000
const TOKEN_SECRET = 'a secret of forty characters for chaos..'
const READY_WITHIN_MS = 90_000

/** Uploads while everything dies, waits until nothing is left to do, sweeps, and draws up the account. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedAt = performance.now()
  const home = await mkdtemp(join(DISK, 'darkroom-chaos-'))
  // PostgreSQL, which runs as another account when we are root, must get through.
  await chmod(home, 0o755)
  const log = pino({ level: 'info' }, pino.destination({ dest: join(home, 'chaos.log'), sync: true }))

  const books = await wreakAndAccount(options, home, log).catch(async (error) => {
    await endLeftovers(home)
    if (options.stop.aborted) await rm(home, { recursive: true, force: true })
    throw error
  })
  const findings = [...books.findings, ...(await endLeftovers(home)), ...(await logged(join(home, LOG)))]
  if (findings.length === 0) await rm(home, { recursive: true, force: true })
  const { seed, engines, uploads, seconds } = options
  const ms = Math.round(performance.now() - startedAt)
  return { seed, engines, uploads, seconds, ...books, findings, ms, home }
}

async function wreakAndAccount(options: ChaosOptions, home: string, log: Log): Promise<Books> {
  await using disk = await openDisk(home)
  const logFile = join(disk.path, LOG)
  // It is read when the disk is gone.
  await using _log = { [Symbol.asyncDispose]: async () => await copyFile(logFile, join(home, LOG)) }
  const places = { disk: disk.path, folder: home }
  await using engines = await openEngines(options.engines, places, createRandom(options.seed, 'engines'), log)
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
  }
  const config = loadConfig(env)
  await using darkroom = await startDarkroom(config, env, logFile, log)
  if (!(await darkroom.untilReady(READY_WITHIN_MS))) throw new Error(`Darkroom did not start: see ${home}`)
  const tokenOf = (owner: OwnerId) => signToken(TOKEN_SECRET, owner, 3600)
  const url = config.publicUrl
  const ledger = new RunLedger({ isExact: engines.databases.length < 2 })
  const shell = { env, logFile }
  const folder = join(home, 'to-import')
  const scene = { url, config, shell, folder, engines, disk, darkroom, tokenOf, ledger, log }
  const { imported, moved, attempts: uploaded, toll, acts } = await storm(options, scene)

  log.info('the storm is over')
  const isReady = await darkroom.untilReady(READY_WITHIN_MS)
  const { before, secondAct: second } = await calmDown(options, scene, log)
  log.info('the second act is over')
  await using services = await openServicesWhenBack(config, log)
  const settled = await settle(services, log)
  const found = await findImported(imported.photos, url, tokenOf)
  const attempts = [...uploaded, ...found.attempts]
  const swept = await sweepAndAccount({ ...scene, services, attempts, log })
  const findings = [
    ...(isReady ? [] : ['Darkroom did not become ready again']),
    ...[before, settled].flatMap(({ isQuiet, last }) => (isQuiet ? [] : [`it did not settle: ${last}`])),
    ...imported.findings,
    ...second,
    ...found.findings,
    ...swept.findings,
    ...ledger.findings,
    ...moved.findings,
    ...(await leftovers(config.store)),
    ...(await halfMoved(await shardRangesOf(config))),
  ]
  return {
    remark: [engines.remark, disk.remark].filter(Boolean).join(', '),
    toll,
    attempts: uploaded,
    moves: moved.moves,
    imports: imported.starts,
    runs: { acts, looks: ledger.looks, photos: ledger.done, remade: ledger.remade },
    settled: before,
    strays: swept.strays,
    findings,
  }
}

/** What the storm has left comes to its end; then runs are tried, of which each photo is accounted for. */
async function calmDown(options: ChaosOptions, scene: Scene, log: Log) {
  const { config, ledger } = scene
  await using services = await openServicesWhenBack(config, log)
  {
    await using desk = await openDesk(config)
    await endRuns(desk, { queue: services.queue, config }, ledger)
  }
  log.info('all runs have ended')
  const before = await settle(services, log)
  log.info(before, 'all is settled')
  return { before, secondAct: await secondAct(options, scene, services) }
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
