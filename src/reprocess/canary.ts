import type { Runs } from '../catalog/runs/runs.ts'
import type { Pace } from '../runs/through-jobs.ts'
import type { ReprocessSlice } from './slice.ts'

/** Of a run that makes some photos first and pauses until somebody has looked at them: the part, its first, that draws and makes these. */
export const CANARY = { isCanary: true } as const satisfies Partial<ReprocessSlice>

/** Begins nothing until the canary's part is complete and somebody has resumed the run: no other can come to its end before. */
export function afterCanary(pace: Pace, runs: Pick<Runs, 'find'>, run: number): Pace {
  let isOver = false
  return async (open) => {
    if (!isOver) {
      const { state, partsEnded } = await runs.find(run)
      isOver = state === 'running' && partsEnded > 0
    }
    return isOver ? await pace(open) : { jobs: 0, heldBecause: null }
  }
}
