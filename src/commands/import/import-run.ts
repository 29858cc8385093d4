import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Runs } from '../../catalog/runs/runs.ts'
import { loadConfig } from '../../config/config.ts'
import { SetupError } from '../../errors.ts'
import type { ImportOptions } from '../../import/import-options.ts'
import { DETACHED_IMPORT } from '../../import/run/detached-import.ts'
import { IMPORT, importRun } from '../../import/run/import-run.ts'
import { importWork, sourceOptions, takeInOptions } from '../../import/run/import-work.ts'
import { openSource } from '../../import/source.ts'
import { createLog } from '../../log.ts'
import { collectForUploads } from '../../process/collect-for-uploads.ts'
import { workRuns } from '../../runs/work-runs.ts'
import { openBucket, openServices } from '../../services.ts'
import { exitCodeOf, watchRun } from '../runs/watch-run.ts'
import { importReport } from './import-report.ts'

/** Of the parts of a shard a third of these ask at a time. */
const CONNECTIONS = 24
const ASK_MS = 500
/** More photos do not wait, of all imports. */
const MOST_TOLD = 10_000

/** Does the work of an import, one that was begun or a new one, and tells what came of it. Throws SetupError. */
export async function runImport(given: readonly string[], options: ImportOptions): Promise<void> {
  collectForUploads()
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
  if (options.detach) return await detach(runs, names, options)
  const selection = { names, on: hostname(), ...written(options) }
  const run = (await goOn(runs, selection)) ?? (await runs.start({ kind: IMPORT, selection, slices: [{}] }))
  const work = importWork(config, { ...services, log }, { open, options })
  const leaving = new AbortController()
  process.once('SIGINT', () => leaving.abort())
  const kinds = [importRun(work)]
  {
    await using _working = workRuns({ engines: services, kinds, log, only: [run], askMs: ASK_MS })
    await watch(services.catalog, run, leaving.signal, options)
  }
  const report = await runs.find(run)
  const waiting = await services.catalog.imports.waiting(MOST_TOLD)
  console.log(importReport(report, { path: work.reportPath(run), waiting }, options))
  process.exitCode = exitCodeOf(report) ?? 0
  // What was begun and not recorded is done again by whoever goes on.
  if (leaving.signal.aborted) process.exit()
}

/** What tells one import from another, as JSON keeps it; how fast it goes and where it is told may be another. */
function written({
  rate,
  share,
  maxFailures,
  report,
  json,
  dryRun,
  detach,
  ...options
}: ImportOptions): object {
  const text = JSON.stringify(options, (_key, value) => (value instanceof RegExp ? value.source : value))
  return JSON.parse(text)
}

/** Begins a run that servers take on. Throws SetupError when they could not. */
async function detach(runs: Runs, names: readonly string[], options: ImportOptions): Promise<void> {
  const local = [...names, ...(options.root ? [options.root] : [])].find((name) => !name.startsWith('s3:'))
  if (local !== undefined)
    throw new SetupError(
      `${local} is on this machine, where servers can't read it. Leave out --detach, or name what lies in a bucket.`,
    )
  if (options.report !== undefined)
    throw new SetupError(
      'Servers write the report, into imports/ of their DARKROOM_HOME: leave out --report.',
    )
  const { rate, share, maxFailures } = options
  const selection = { names, ...written(options), limits: { rate, share, maxFailures } }
  const same = (await runs.list()).find(
    (run) =>
      run.kind === DETACHED_IMPORT &&
      ['running', 'paused', 'stopped'].includes(run.state) &&
      isDeepStrictEqual({ ...(run.selection as object), limits: null }, { ...selection, limits: null }),
  )
  if (same && same.state !== 'running') await runs.resume(same.id)
  const run = same?.id ?? (await runs.start({ kind: DETACHED_IMPORT, selection, slices: [{}] }))
  if (options.json) console.log(JSON.stringify({ run }))
  else
    console.log(
      `Run ${run} ${same ? 'is under way' : 'has begun'}. \`darkroom runs watch ${run}\` shows how far it is.`,
    )
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

async function watch(
  catalog: Pick<Catalog, 'runs' | 'runFailures'>,
  run: number,
  leave: AbortSignal,
  { json }: ImportOptions,
): Promise<void> {
  if (!json && process.stdout.isTTY) await watchRun(catalog, run, { leave })
  while (!leave.aborted && exitCodeOf(await catalog.runs.find(run)) === null)
    await sleep(ASK_MS, undefined, { signal: leave }).catch(() => {})
}
