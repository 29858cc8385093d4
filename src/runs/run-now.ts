import { setTimeout as sleep } from 'node:timers/promises'
import type { RunReport } from '../catalog/runs/reported-runs.ts'
import { SetupError } from '../errors.ts'
import { type RunsOptions, workRuns } from './work-runs.ts'

const LOOK_MS = 250

/**
 * Starts a run of a kind and works it, beside the servers if there are any, until it is complete. Returns what came of
 * it. Throws SetupError with the reason when it is stopped before. Whoever is killed meanwhile leaves it to the servers.
 */
export async function runNow(
  options: RunsOptions,
  name: string,
  selection: unknown = {},
): Promise<RunReport> {
  const { runs } = options.engines.catalog
  const slices = options.kinds.find((kind) => kind.name === name)?.slices(selection) ?? []
  const run = await runs.start({ kind: name, selection, slices })
  await using _working = workRuns({ ...options, only: [run], askMs: LOOK_MS })
  for (;;) {
    const report = await runs.find(run)
    if (report.state === 'complete') return report
    if (report.state === 'stopped' || report.state === 'cancelled') {
      throw new SetupError(report.reason ?? `Run ${run} was cancelled.`)
    }
    await sleep(LOOK_MS)
  }
}
