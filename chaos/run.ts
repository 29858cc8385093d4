import { join } from 'node:path'
import type { Log } from '../src/log.ts'
import { shardRangesOf } from '../src/services.ts'
import { sweepAndAccount } from './afterwards.ts'
import { endRuns } from './end-runs.ts'
import type { EngineSet } from './engines/open-engines.ts'
import type { Toll } from './havoc.ts'
import { findImported, IMPORT_OWNERS } from './importer.ts'
import { halfMoved, leftovers } from './leftovers.ts'
import type { Acts } from './operator.ts'
import { PageLedger } from './readers/page-ledger.ts'
import { type Read, startReaders } from './readers/readers.ts'
import { openDesk, RunLedger } from './run-ledger.ts'
import { secondAct } from './second-act.ts'
import { openServicesWhenBack, type Settled, settle } from './settle.ts'
import { type Closing, onStage, READY_WITHIN_MS, type Stage } from './stage.ts'
import { type Plan, type Scene, storm } from './storm.ts'
import { type Attempt, OWNERS } from './uploader.ts'

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
  read: Read
  settled: Settled
  strays: number
  findings: readonly string[]
}

export type ChaosReport = Omit<ChaosOptions, 'stop'> & Books & Closing

/** Servers that share a cache see so late at most what a process changed that was killed before it could say so. */
const REMEMBERED_MS = 11_000

/** Uploads while everything dies, waits until nothing is left to do, sweeps, and draws up the account. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const books = await onStage(options, async (stage) => await wreakAndAccount(options, stage))
  const { seed, engines, uploads, seconds } = options
  return { seed, engines, uploads, seconds, ...books }
}

async function wreakAndAccount(options: ChaosOptions, stage: Stage): Promise<Books> {
  const { config, engines, disk, darkroom, tokenOf, url, urls, log } = stage
  const ledger = new RunLedger({ isExact: engines.databases.length < 2 })
  const pages = new PageLedger({ seenWithinMs: config.cache ? REMEMBERED_MS : 0 })
  const scene = { ...stage, folder: join(stage.home, 'to-import'), ledger, pages }
  const whose = { uploaders: OWNERS, others: IMPORT_OWNERS }
  await using readers = await startReaders({ seed: options.seed, urls, tokenOf, ledger: pages, ...whose })
  const { imported, moved, attempts: uploaded, toll, acts } = await storm(options, scene)

  log.info('the storm is over')
  const isReady = await darkroom.untilReady(READY_WITHIN_MS)
  const { before, secondAct: second } = await calmDown(options, scene, log)
  log.info('the second act is over')
  await using services = await openServicesWhenBack(config, log)
  const settled = await settle(services, log)
  const read = await readers.finish(uploaded)
  const found = await findImported(imported.photos, url, tokenOf)
  const attempts = [...uploaded, ...found.attempts]
  const swept = await sweepAndAccount({ ...scene, services, attempts, log })
  const findings = [
    ...(isReady ? [] : ['Darkroom did not become ready again']),
    ...[before, settled].flatMap(({ isQuiet, last }) => (isQuiet ? [] : [`it did not settle: ${last}`])),
    ...imported.findings,
    ...second,
    ...read.findings,
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
    read,
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
