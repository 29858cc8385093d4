import type { Runs } from '../catalog/runs/runs.ts'
import { SetupError } from '../errors.ts'
import type { Pace } from '../runs/through-jobs.ts'

/** When a run stops by itself: after so many percent of failures. Null for never. */
export type Brakes = { maxFailures: number | null }

/** Of fewer photos no part of failures is told. */
const SAMPLE = 20

/**
 * Lets a run go on as `pace` does until it is to stop by itself. What was before somebody resumed it is not counted again.
 * Throws SetupError when too many have failed: then the run is stopped.
 */
export function braked(pace: Pace, runs: Pick<Runs, 'find'>, run: number, { maxFailures }: Brakes): Pace {
  if (maxFailures === null) return pace
  let start: { settled: number; failed: number } | null = null
  return async (open) => {
    const { selected, left, failed, inFlight } = await runs.find(run)
    const settled = selected - left
    start ??= { settled, failed }
    const [settledSince, failedSince] = [settled - start.settled, failed - start.failed]
    if (settledSince >= SAMPLE && failedSince / settledSince > maxFailures / 100) {
      throw new SetupError(
        `${failedSince} of ${settledSince} photos failed, which is more than ${maxFailures} %: \`darkroom runs failures ${run}\` says why.`,
      )
    }
    const allowed = await pace(open)
    // No more are under way than it takes to tell that they fail.
    const most = Math.max(SAMPLE, settledSince) - inFlight
    return { ...allowed, jobs: Math.max(0, Math.min(allowed.jobs, most)) }
  }
}
