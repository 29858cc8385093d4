import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { loadConfig } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import { createLog } from '../log.ts'
import type { Photo } from '../photo/photo.ts'
import { recipeNumbers } from '../photo/recipe.ts'
import { withCanary } from '../reprocess/canary.ts'
import { readPrices } from '../reprocess/prices.ts'
import { type Reprocess, reprocess } from '../reprocess/reprocess.ts'
import { type Sample, takeSample } from '../reprocess/sample.ts'
import { type Choice, selectionOf, slicesOf } from '../reprocess/select.ts'
import { openServices, type Services } from '../services.ts'
import { drawContactSheet } from './contact-sheet.ts'
import { dryRun, estimateBefore } from './dry-run.ts'
import { choiceOf, type ReprocessOptions, refuseUnknown } from './reprocess-options.ts'
import { EXIT_COMPLETE, watchRun } from './watch-run.ts'

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
  refuseUnknown(options, services.presets)
  const choice = await choiceOf(options)
  const run = planned(options, choice, services)
  const parts = slicesOf(choice, services.catalog.selected.places())

  const prices = await readPrices(config.pricesFile)
  const count = await countOf(services, run, parts)
  const leaving = new AbortController()
  process.once('SIGINT', () => leaving.abort())
  if (options.dryRun) {
    const sample = await sampleOf(services, run, parts, { population: count, size: options.sample })
    const json = options.json ?? false
    return await dryRun(services.catalog, run, sample, { ...options, prices, json, leave: leaving.signal })
  }
  if (
    !options.yes &&
    !(await isConfirmed(`${count.toLocaleString('en')} photos ${WORDS[choice.state]}. Make them anew?`))
  ) {
    return EXIT_COMPLETE
  }
  const { runs } = services.catalog
  const estimate = await estimateBefore(services.catalog, run.asked ?? '')
  const canary = options.canary
    ? await sampleOf(services, run, parts, { population: count, size: options.canary })
    : null
  const slices = canary ? withCanary(parts, await photosOf(services, canary)) : parts
  const selection: Reprocess = { ...run, estimate, ...(canary && { canary }) }
  const id = await runs.start({ kind: reprocess.name, selection, slices })
  if (options.detach) {
    console.log(
      options.json
        ? JSON.stringify({ run: id })
        : `Run ${id} has begun. \`darkroom runs watch ${id}\` shows how far it is.`,
    )
    return EXIT_COMPLETE
  }
  const watched = { runs, queue: services.queue, prices }
  const code = await watchRun(watched, id, { leave: leaving.signal, json: options.json ?? false })
  if (options.canary && (await runs.find(id)).state === 'paused') await drawContactSheet(id, `run-${id}.png`)
  return code
}

function planned(
  options: ReprocessOptions,
  choice: Choice,
  { presets: known, filters }: Pick<Services, 'presets' | 'filters'>,
): Reprocess {
  const { presets = null, formats = null, rate = null, share = null, maxFailures = null, keep } = options
  const extents = { stale: 'outdated', missing: 'missing', failed: 'everything', all: 'everything' } as const
  const tables = filters.all.map(({ name, digest }) => ({ filter: name, table: digest }))
  const work = {
    presets,
    formats,
    extent: extents[choice.state],
    recipes: recipeNumbers(known, tables),
    maxDifference: options.maxDifference,
    keepSeconds: keep,
  }
  return {
    select: selectionOf(choice, new Date()),
    limit: choice.limit,
    work,
    pace: { rate, share, replicaLag: options.replicaLag },
    brakes: { maxFailures },
    asked: askedOf(choice, work),
  }
}

async function countOf(
  { catalog }: Pick<Services, 'catalog'>,
  { select, work, limit }: Reprocess,
  slices: ReturnType<typeof slicesOf>,
): Promise<number> {
  let count = 0
  for (const source of slices.flatMap(({ sources }) => sources))
    count += await catalog.selected.count(source, { ...select, recipes: work.recipes })
  return Math.min(count, limit ?? count)
}

async function sampleOf(
  { catalog }: Pick<Services, 'catalog'>,
  { select, work, limit }: Reprocess,
  slices: ReturnType<typeof slicesOf>,
  wanted: { population: number; size: number },
): Promise<Sample> {
  const sources = slices.flatMap(({ sources }) => sources)
  return await takeSample(
    catalog,
    { sources, selection: { ...select, recipes: work.recipes }, limit },
    wanted,
  )
}

async function photosOf({ catalog }: Pick<Services, 'catalog'>, { strata }: Sample): Promise<Photo[]> {
  return await catalog.photos.findAll(strata.flatMap(({ ids }) => ids))
}

/** What was asked for, whenever and however fast. */
function askedOf(choice: Choice, work: Reprocess['work']): string {
  const { newestFirst, limit, ...which } = choice
  const what = { ...which, ...(limit !== null && { limit, newestFirst }), work }
  return createHash('sha256').update(JSON.stringify(what)).digest('hex')
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
