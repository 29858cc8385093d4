import type { RunKind } from '../runs/run-kind.ts'

const KEPT_DAYS = 90

/** Runs that ended long ago are forgotten, and their failures with them. */
export const endedRuns: RunKind = {
  name: 'ended runs',
  pauseMs: 1_800_000,
  slices: () => [{}],
  work: async function* ({ catalog }) {
    yield { cursor: null, done: await catalog.runs.forgetEnded(KEPT_DAYS) }
  },
}
