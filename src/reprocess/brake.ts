import type { Runs } from '../catalog/runs.ts'
import { SetupError } from '../errors.ts'
import type { Pace } from '../runs/through-jobs.ts'

/** When a run stops by itself: after so many percent of failures, and once after so many photos. Null for never. */
export type Brakes = { maxFailures: number | null; canary: number | null }

/** Of fewer photos no part of failures is told. */
const SAMPLE = 20

/**
 * Lets a run go on as `pace` does until it is to stop by itself. What was before somebody resumed it is not counted again.
 * Throws SetupError when too many have failed: then the run is stopped.
 */
export function braked(
  pace: Pace,
  runs: Pick<Runs, 'find' | 'hold'>,
  run: number,
  { maxFailures, canary }: Brakes,
): Pace {
  if (maxFailures === null && canary === null) return pace
  let start: { settled: number; failed: number } | null = null
  return async (open) => {
    const { selected, left, failed, inFlight } = await runs.find(run)
    const settled = selected - left
    start ??= { settled, failed }
    const [settledSince, failedSince] = [settled - start.settled, failed - start.failed]
    if (maxFailures !== null && settledSince >= SAMPLE && failedSince / settledSince > maxFailures / 100) {
      throw new SetupError(
        `${failedSince} of ${settledSince} photos failed, which is more than ${maxFailures} %: \`darkroom runs failures ${run}\` says why.`,
      )
    }
    const allowed = await pace(open)
    // No more are under way than it takes to tell that they fail.
    const most = maxFailures === null ? allowed.jobs : Math.max(SAMPLE, settledSince) - inFlight
    const { heldBecause } = allowed
    const jobs = Math.max(0, Math.min(allowed.jobs, most))
    if (canary === null || start.settled >= canary) return { jobs, heldBecause }
    const room = canary - settled - inFlight
    if (room > 0) return { jobs: Math.min(jobs, room), heldBecause }
    const reason = `the first ${settled} photos are made: look at them, and go on with \`darkroom runs resume ${run}\``
    if (inFlight === 0) await runs.hold(run, reason)
    return { jobs: 0, heldBecause: reason }
  }
}
