import { createHash } from 'node:crypto'
import type { Catalog } from '../catalog/catalog.ts'
import type { RunRequest } from '../catalog/runs/runs.ts'
import type { FilterBook } from '../filters/filter-book.ts'
import type { Preset } from '../photo/presets.ts'
import { recipeNumbers } from '../photo/recipe.ts'
import { CANARY } from './canary.ts'
import { type Count, chosenBy, countSelected } from './count-selected.ts'
import { expectedBefore } from './expected.ts'
import type { PaceLimits } from './pace.ts'
import { type Reprocess, reprocess } from './reprocess.ts'
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

/** Whoever asks how many there are is told by then, of however many. */
export const COUNT_MS = 5_000

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
    recipes: recipeNumbers(presets, filters.digests),
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

/** How many photos it would act on: of many at least so many, those that could be counted until somebody stops waiting. */
export async function countPlanned(
  { selected }: Pick<Catalog, 'selected'>,
  { run, slices }: Plan,
  until: AbortSignal,
): Promise<Count> {
  return await countSelected(selected, chosenBy(run, sourcesOf(slices)), { until })
}

/**
 * Starts the run; with a canary, so many of its photos are made first. Reads no photos, however many were chosen: servers count them
 * and draw the canary before they make the first. A request with a key that comes again starts none.
 */
export async function startPlanned(
  catalog: Pick<Catalog, 'runs' | 'runCosts'>,
  { run, slices }: Plan,
  { canary, request = null }: { canary: number | null; request?: RunRequest | null },
): Promise<Started> {
  const selection: Reprocess = {
    ...run,
    estimate: await expectedBefore(catalog, run),
    ...(canary !== null && { draw: canary }),
  }
  const parts = canary === null ? slices : [{ ...CANARY, sources: sourcesOf(slices) }, ...slices]
  return await catalog.runs.startOnce({ kind: reprocess.name, selection, slices: parts }, request)
}

/** Starts a run that makes so many of the photos where nobody looks, to know what all would take. Again as `startPlanned`. */
export async function startDryRun(
  { runs }: Pick<Catalog, 'runs'>,
  { run, slices }: Plan,
  { size, request = null }: { size: number; request?: RunRequest | null },
): Promise<Started> {
  const selection: Sampling = { ...run, pace: { ...run.pace, rate: null, share: null }, draw: size }
  const slice: ReprocessSlice = { sources: sourcesOf(slices) }
  return await runs.startOnce({ kind: sampling.name, selection, slices: [slice] }, request)
}

function sourcesOf(slices: readonly ReprocessSlice[]) {
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
