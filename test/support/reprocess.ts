import { expect, vi } from 'vitest'
import type { RunReport } from '../../src/catalog/runs/reported-runs.ts'
import { RunParts } from '../../src/catalog/runs/run-parts.ts'
import { recipeNumbers } from '../../src/photo/recipe.ts'
import { startPlanned } from '../../src/reprocess/plan.ts'
import { type Reprocess, reprocess } from '../../src/reprocess/reprocess.ts'
import { sampling } from '../../src/reprocess/sampling.ts'
import { type Choice, selectionOf, slicesOf } from '../../src/reprocess/select.ts'
import { finish, rollback } from '../../src/reprocess/undo.ts'
import { verify } from '../../src/reprocess/verify.ts'
import { workRuns } from '../../src/runs/work-runs.ts'
import { silentLog, type TestService } from './service.ts'

const PATIENCE = { timeout: 120_000, interval: 50 }

const STALE: Choice = {
  state: 'stale',
  owners: null,
  ids: null,
  shards: null,
  from: null,
  to: null,
  newestFirst: true,
  limit: null,
}

/** A run of the photos that are there, by the presets of the service; of those that are stale, unless told otherwise. */
export function reprocessOf(
  service: TestService,
  choice: Partial<Choice> = {},
  { work, ...more }: Partial<Omit<Reprocess, 'work'>> & { work?: Partial<Reprocess['work']> } = {},
): Reprocess {
  const chosen = { ...STALE, ...choice }
  const extents = { stale: 'outdated', missing: 'missing', failed: 'everything', all: 'everything' } as const
  return {
    select: selectionOf(chosen, new Date(Date.now() + 1_000)),
    limit: chosen.limit,
    pace: { rate: null, share: null },
    brakes: { maxFailures: null },
    ...more,
    work: {
      presets: null,
      formats: null,
      extent: extents[chosen.state],
      recipes: recipeNumbers(service.presets, service.filters.digests),
      maxDifference: 6,
      keepSeconds: 7 * 86_400,
      ...work,
    },
  }
}

/** Starts such a run. */
export async function startReprocess(
  service: TestService,
  choice: Partial<Choice> = {},
  more: Parameters<typeof reprocessOf>[2] = {},
  { canary = null }: { canary?: number | null } = {},
): Promise<number> {
  const plan = {
    run: reprocessOf(service, choice, more),
    slices: slicesOf({ ...STALE, ...choice }, service.catalog.selected.places()),
  }
  return (await startPlanned(service.catalog, plan, { canary })).run
}

/** A server that feeds runs of photos that are made anew, without workers. */
export function feed(service: TestService): AsyncDisposable {
  return workRuns({
    engines: service,
    kinds: [reprocess, sampling, rollback, finish, verify],
    log: silentLog,
    askMs: 50,
  })
}

/** No server of this process takes up a run while it lasts: that of a service looks for one every five seconds. */
export function noneTakesRuns(): Disposable {
  return vi.spyOn(RunParts.prototype, 'take').mockResolvedValue(null)
}

/** Feeds and works the run until it is complete, or in another state. */
export async function complete(
  service: TestService,
  run: number,
  state: RunReport['state'] = 'complete',
): Promise<RunReport> {
  await using _runs = feed(service)
  await using _work = service.work({ withAvif: true })
  await expect.poll(async () => (await service.catalog.runs.find(run)).state, PATIENCE).toBe(state)
  return await service.catalog.runs.find(run)
}
