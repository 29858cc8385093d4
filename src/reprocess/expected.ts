import type { Catalog } from '../catalog/catalog.ts'
import type { RunReport } from '../catalog/runs/reported-runs.ts'
import { type Estimate, estimateOf } from './estimate.ts'
import type { Reprocess } from './reprocess.ts'
import { MAX_SAMPLE, type Sampling, sampling } from './sampling.ts'

/** An estimate that is older says nothing of photos of today. */
const GOOD_FOR_DAYS = 30

/** What a run was thought to take before it began, by its canary, or, of a dry run, by what that made; null when it had none. */
export async function expectedOf(
  { runCosts }: Pick<Catalog, 'runCosts'>,
  { id, selection }: Pick<RunReport, 'id' | 'selection'>,
): Promise<Estimate | null> {
  const { estimate = null, canary, sample = canary } = selection as Partial<Sampling>
  if (estimate || !sample) return estimate
  return estimateOf(sample, await runCosts.ofRun(id, MAX_SAMPLE))
}

/** The estimate of the last dry run that would have done the same; null when there is none. */
export async function expectedBefore(
  { runs, runCosts }: Pick<Catalog, 'runs' | 'runCosts'>,
  { asked = '' }: Pick<Reprocess, 'asked'>,
): Promise<Estimate | null> {
  const found = await runs.lastComplete(sampling.name, { asked, days: GOOD_FOR_DAYS })
  return found && (await expectedOf({ runCosts }, found))
}
