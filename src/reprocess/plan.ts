import { createHash } from 'node:crypto'
import type { Catalog } from '../catalog/catalog.ts'
import type { RunRequest } from '../catalog/runs.ts'
import type { FilterBook } from '../filters/filter-book.ts'
import type { Preset } from '../photo/presets.ts'
import { recipeNumbers } from '../photo/recipe.ts'
import { withCanary } from './canary.ts'
import { expectedBefore } from './expected.ts'
import type { PaceLimits } from './pace.ts'
import { type Reprocess, reprocess } from './reprocess.ts'
import { type Sample, takeSample } from './sample.ts'
import { type Sampling, sampling } from './sampling.ts'
import { type Choice, selectionOf, slicesOf } from './select.ts'
import type { ReprocessSlice } from './slice.ts'

/** What somebody asks for: which photos, what is made of them, how fast, and when it stops by itself. */
export type Asked = {
  choice: Choice
  work: Pick<Reprocess['work'], 'presets' | 'formats' | 'maxDifference' | 'keepSeconds'>
  pace: PaceLimits
  /** Percent of the photos. */
  maxFailures: number | null
}

/** A run that can be counted, tried, and started. */
export type Plan = { run: Reprocess; slices: readonly ReprocessSlice[] }

type Started = { run: number; isNew: boolean; fingerprint: string | null }

const EXTENTS = { stale: 'outdated', missing: 'missing', failed: 'everything', all: 'everything' } as const

/** By the recipes of today: what is taken in from now on is not of it. */
export function planReprocess(
  { choice, work: wanted, pace, maxFailures }: Asked,
  { catalog, presets, filters }: { catalog: Catalog; presets: readonly Preset[]; filters: FilterBook },
): Plan {
  const { presets: only, formats, maxDifference, keepSeconds } = wanted
  const work: Reprocess['work'] = {
    presets: only,
    formats,
    extent: EXTENTS[choice.state],
    recipes: recipeNumbers(presets, filters.tables),
    maxDifference,
    keepSeconds,
  }
  const run: Reprocess = {
    select: selectionOf(choice, new Date()),
    limit: choice.limit,
    work,
    pace,
    brakes: { maxFailures },
    asked: askedOf(choice, work),
    chosen: chosenOf(choice),
  }
  return { run, slices: slicesOf(choice, catalog.selected.places()) }
}

/** How many photos it would act on. Reads the index of all that are selected, from replicas. */
export async function countPlanned({ selected }: Pick<Catalog, 'selected'>, plan: Plan): Promise<number> {
  const { select, work, limit } = plan.run
  let count = 0
  for (const source of sourcesOf(plan))
    count += await selected.count(source, { ...select, recipes: work.recipes })
  return Math.min(count, limit ?? count)
}

/**
 * Starts the run; with a canary, so many of its photos are made first. `population` is what it was counted to have, if it
 * was. A request with a key that comes again starts none.
 */
export async function startPlanned(
  catalog: Catalog,
  plan: Plan,
  { canary: size, population, request = null }: StartOptions & { canary: number | null },
): Promise<Started> {
  const estimate = await expectedBefore(catalog, plan.run)
  const canary = size === null ? null : await sampleOf(catalog, plan, size, population)
  const slices = canary ? withCanary(plan.slices, await photosOf(catalog, canary)) : plan.slices
  const selection: Reprocess = { ...plan.run, estimate, ...(canary && { canary }) }
  return await catalog.runs.startOnce({ kind: reprocess.name, selection, slices }, request)
}

/** Starts a run that makes so many of the photos where nobody looks, to know what all would take. Again as `startPlanned`. */
export async function startDryRun(
  catalog: Catalog,
  plan: Plan,
  { size, population, request = null }: StartOptions & { size: number },
): Promise<Started> {
  const sample = await sampleOf(catalog, plan, size, population)
  const pace = { ...plan.run.pace, rate: null, share: null }
  const selection: Sampling = { ...plan.run, pace, sample }
  return await catalog.runs.startOnce(
    { kind: sampling.name, selection, slices: sampling.slices(selection) },
    request,
  )
}

type StartOptions = { population?: number | undefined; request?: RunRequest | null }

async function sampleOf(catalog: Catalog, plan: Plan, size: number, population?: number): Promise<Sample> {
  const { select, work, limit } = plan.run
  const chosen = { sources: sourcesOf(plan), selection: { ...select, recipes: work.recipes }, limit }
  return await takeSample(catalog, chosen, {
    population: population ?? (await countPlanned(catalog, plan)),
    size,
  })
}

async function photosOf({ photos }: Pick<Catalog, 'photos'>, { strata }: Sample) {
  return await photos.findAll(strata.flatMap(({ ids }) => ids))
}

function sourcesOf({ slices }: Plan) {
  return slices.flatMap(({ sources }) => sources)
}

/** As it is told of the run: a list by how many it names. */
function chosenOf({ owners, ids, shards, from, to }: Choice): NonNullable<Reprocess['chosen']> {
  const [first, end] = [from, to].map((time) => time?.toISOString() ?? null)
  return { owners, ids: ids?.length ?? null, shards, from: first ?? null, to: end ?? null }
}

/** What was asked for, whenever and however fast. */
function askedOf(choice: Choice, work: Reprocess['work']): string {
  const { newestFirst, limit, ...which } = choice
  const what = { ...which, ...(limit !== null && { limit, newestFirst }), work }
  return createHash('sha256').update(JSON.stringify(what)).digest('hex')
}
