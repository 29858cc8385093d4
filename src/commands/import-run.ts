import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Runs } from '../catalog/runs.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { createAdopt } from '../import/run/adopt.ts'
import { ADOPTED, COPIED, IMPORT, type ImportWork, importRun } from '../import/run/import-run.ts'
import { Pace } from '../import/run/pace.ts'
import { createTakeIn, type TakeInEngines, type TakeInOptions } from '../import/run/take-in.ts'
import { openSource, type Source } from '../import/source.ts'
import { createKeep } from '../ingest/ingest.ts'
import { createLog, type Log } from '../log.ts'
import { photoIdOfOriginal, photoIdOfRendition, QUARANTINE_PREFIX } from '../photo/object-keys.ts'
import { workRuns } from '../runs/work-runs.ts'
import { openBucket, openServices, type Services } from '../services.ts'
import { parseLocation } from '../storage/location.ts'
import type { ImportOptions } from './import-options.ts'
import { importReport } from './import-report.ts'
import { exitCodeOf, watchRun } from './watch-run.ts'

/** Of the parts of a shard a third of these ask at a time. */
const CONNECTIONS = 24
const ASK_MS = 500
/** More photos do not wait, of all imports. */
const MOST_TOLD = 10_000

/** Does the work of an import, one that was begun or a new one, and tells what came of it. Throws SetupError. */
export async function runImport(given: readonly string[], options: ImportOptions): Promise<void> {
  const config = loadConfig(process.env)
  // Of what is told in the end nothing is told before; and the output may be JSON.
  const log = createLog('import', 'warn')
  const names = given.map((name) => (name.startsWith('s3:') ? name : resolve(name)))
  await mkdir(config.home, { recursive: true })
  const engines = { openBucket, temporary: config.home }
  const open = async () => await openSource(names, sourceOptions(options), engines)
  // What is wrong with it is told before anything is begun.
  await (await open())[Symbol.asyncDispose]()

  await using services = await openServices(config, log, { connections: CONNECTIONS })
  if (options.dryRun) {
    const { planImport } = await import('./import-plan.ts')
    await using source = await open()
    console.log(
      await planImport(source, services.catalog.imports, takeInOptions(options, source, 0), options),
    )
    return
  }
  const { runs } = services.catalog
  const selection = { names, on: hostname(), ...written(options) }
  const run = (await goOn(runs, selection)) ?? (await runs.start({ kind: IMPORT, selection, slices: [{}] }))
  const work = workOf(config, services, log, { open, options })
  const leaving = new AbortController()
  process.once('SIGINT', () => leaving.abort())
  const kinds = [importRun(work)]
  {
    await using _working = workRuns({ engines: services, kinds, log, only: [run], askMs: ASK_MS })
    await watch(runs, run, leaving.signal, options)
  }
  const report = await runs.find(run)
  const waiting = await services.catalog.imports.waiting(MOST_TOLD)
  console.log(importReport(report, { path: work.reportPath(run), waiting }, options))
  process.exitCode = exitCodeOf(report) ?? 0
  // What was begun and not recorded is done again by whoever goes on.
  if (leaving.signal.aborted) process.exit()
}

function workOf(
  config: Config,
  services: Services,
  log: Log,
  { open, options }: { open: () => Promise<Source>; options: ImportOptions },
): ImportWork {
  const { catalog, store, queue, filters } = services
  const interrupt = new AbortController().signal
  const keep = createKeep({ catalog, store, maxUploadBytes: config.maxUploadBytes, interrupt })
  const engines = { imports: catalog.imports, keep, store, queue, filters, log }
  return {
    openSource: open,
    ...howTaken(config, services, engines, options),
    maxFailures: options.maxFailures ?? 1,
    reportPath: (run) => options.report ?? join(config.home, 'imports', `run-${run}.ndjson`),
  }
}

/** Copied, or left where they are. */
function howTaken(
  { store, maxUploadBytes }: Config,
  { catalog, filters }: Services,
  engines: TakeInEngines,
  options: ImportOptions,
): Pick<ImportWork, 'createTakeIn' | 'pace' | 'atOnce' | 'stepLines'> {
  const limits = { rate: options.rate ?? null, share: options.share ?? null }
  if (!options.adopt) {
    return {
      createTakeIn: (source, run) => createTakeIn(engines, takeInOptions(options, source, run)),
      pace: new Pace(limits, async (upTo) => await catalog.imports.waiting(upTo)),
      ...COPIED,
    }
  }
  const { adoptions } = catalog
  const adopting = { adoptions, filters, maxUploadBytes, isOwn: (from: string) => isOwnOriginal(from, store) }
  return {
    createTakeIn: (source, run) => createAdopt(adopting, takeInOptions(options, source, run)),
    // Of these nothing waits for workers.
    pace: new Pace(limits, async () => 0),
    ...ADOPTED,
  }
}

/** Whether the store would take it for its own, and delete it with the photo that its key names. */
function isOwnOriginal(from: string, store: Config['store']): boolean {
  const location = parseLocation(from)
  if (location.kind === 'file')
    return store.kind === 'disk' && location.path.toString().startsWith(`${store.root}/`)
  if (store.kind === 'disk' || URL.parse(location.bucket)?.hostname !== store.bucket) return false
  const { key } = location
  return (
    photoIdOfOriginal(key) !== null || photoIdOfRendition(key) !== null || key.startsWith(QUARANTINE_PREFIX)
  )
}

function sourceOptions({ as, withOriginals, root }: ImportOptions) {
  return { as: as ?? null, withOriginals: withOriginals ?? false, root: root ?? null }
}

function takeInOptions(options: ImportOptions, source: Source, run: number): TakeInOptions {
  const { owner, ownerFrom, visibility, postedAt, exifOffset } = options
  return {
    run,
    source: options.source ?? source.name,
    choices: { owner: owner ?? null, ownerFrom: ownerFrom ?? null, visibility, postedAt },
    exifOffset: exifOffset ?? null,
  }
}

/** What tells one import from another, as JSON keeps it; how fast it goes and where it is told may be another. */
function written({ rate, share, maxFailures, report, json, dryRun, ...options }: ImportOptions): object {
  const text = JSON.stringify(options, (_key, value) => (value instanceof RegExp ? value.source : value))
  return JSON.parse(text)
}

/** The run of the same import that has not come to its end; of one that somebody works the rest, should that one die. */
async function goOn(runs: Runs, selection: object): Promise<number | null> {
  const open = (await runs.list()).find(
    (run) =>
      run.kind === IMPORT &&
      ['running', 'paused', 'stopped'].includes(run.state) &&
      isDeepStrictEqual(run.selection, selection),
  )
  if (!open) return null
  if (open.state !== 'running') await runs.resume(open.id)
  const holders = open.holders.join(', ')
  console.error(
    holders === ''
      ? `Going on with run ${open.id}.`
      : `Going on with run ${open.id}, when nothing is heard any more from who had it last: ${holders}.`,
  )
  return open.id
}

async function watch(runs: Runs, run: number, leave: AbortSignal, { json }: ImportOptions): Promise<void> {
  if (!json && process.stdout.isTTY) await watchRun({ runs }, run, { leave })
  while (!leave.aborted && exitCodeOf(await runs.find(run)) === null)
    await sleep(ASK_MS, undefined, { signal: leave }).catch(() => {})
}
