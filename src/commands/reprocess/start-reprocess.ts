import { createInterface } from 'node:readline/promises'
import type { Catalog } from '../../catalog/catalog.ts'
import { loadConfig } from '../../config/config.ts'
import { SetupError } from '../../errors.ts'
import { createLog } from '../../log.ts'
import {
  type Asked,
  COUNT_MS,
  countPlanned,
  type Plan,
  planReprocess,
  startDryRun,
  startPlanned,
} from '../../reprocess/plan.ts'
import { readPrices } from '../../reprocess/prices.ts'
import type { Choice } from '../../reprocess/select.ts'
import { openServices } from '../../services.ts'
import { EXIT_COMPLETE, watchRun } from '../runs/watch-run.ts'
import { drawContactSheet } from './contact-sheet.ts'
import { watchDryRun } from './dry-run.ts'
import { choiceOf, type ReprocessOptions, refuseUnknown } from './reprocess-options.ts'

const WORDS: Record<Choice['state'], string> = {
  stale: 'made by other recipes than those of today',
  missing: "that lack something of what today's presets ask for",
  failed: 'that failed',
  all: 'of all kinds',
}

/** Starts a run, when that is confirmed, and watches it. Returns the exit code. Throws SetupError. */
export async function startReprocess(options: ReprocessOptions): Promise<number> {
  const config = loadConfig(process.env)
  await using services = await openServices(config, createLog('reprocess', config.logLevel), {
    connections: 3,
  })
  const { catalog, queue, presets } = services
  refuseUnknown(options, presets)
  const choice = await choiceOf(options)
  const plan = planReprocess(askedBy(options, choice), services)

  const prices = await readPrices(config.pricesFile)
  const leaving = new AbortController()
  process.once('SIGINT', () => leaving.abort())
  if (options.dryRun) {
    const { run } = await startDryRun(catalog, plan, { size: options.sample })
    const json = options.json ?? false
    return await watchDryRun(catalog, run, { ...options, prices, json, leave: leaving.signal })
  }
  if (!options.yes && !(await isConfirmed(`${await toldOf(catalog, plan, choice)}. Make them anew?`))) {
    return EXIT_COMPLETE
  }
  const { run } = await startPlanned(catalog, plan, { canary: options.canary ?? null })
  if (options.detach) {
    console.log(
      options.json
        ? JSON.stringify({ run })
        : `Run ${run} has begun. \`darkroom runs watch ${run}\` shows how far it is.`,
    )
    return EXIT_COMPLETE
  }
  const code = await watchRun({ ...catalog, queue, prices }, run, {
    leave: leaving.signal,
    json: options.json ?? false,
  })
  if (options.canary && (await catalog.runs.find(run)).state === 'paused')
    await drawContactSheet(run, `run-${run}.png`)
  return code
}

function askedBy(options: ReprocessOptions, choice: Choice): Asked {
  const { presets = null, formats = null, rate = null, share = null, maxFailures = null } = options
  return {
    choice,
    work: { presets, formats, maxDifference: options.maxDifference, keepSeconds: options.keep },
    pace: { rate, share, replicaLag: options.replicaLag },
    maxFailures,
  }
}

/** How many photos were chosen, or that they are more than can be counted while somebody waits. */
async function toldOf(catalog: Catalog, plan: Plan, { state }: Choice): Promise<string> {
  const { photos, isAll } = await countPlanned(catalog, plan, AbortSignal.timeout(COUNT_MS))
  return `${isAll ? '' : 'More than '}${photos.toLocaleString('en')} photos ${WORDS[state]}`
}

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new SetupError(`${question} Nobody can be asked here: --yes begins without a question.`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())
  } finally {
    terminal.close()
  }
}
