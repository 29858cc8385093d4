import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../../catalog/catalog.ts'
import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import { expectedOf } from '../../reprocess/expected.ts'
import type { Prices } from '../../reprocess/prices.ts'
import type { Sampling } from '../../reprocess/sampling.ts'
import { EXIT_COMPLETE, EXIT_STOPPED, exitCodeOf } from '../runs/watch-run.ts'
import { estimateJson, estimateReport } from './estimate-report.ts'

const LOOK_MS = 500
const NOBODY_MS = 15_000

/**
 * Waits for a run that makes a sample, and tells what a run of all would take. Returns the exit code. Whoever leaves before
 * ends it.
 */
export async function watchDryRun(
  catalog: Pick<Catalog, 'runs' | 'runCosts' | 'runFailures'>,
  id: number,
  { prices, workers, json, leave }: { prices: Prices; workers: number; json: boolean; leave: AbortSignal },
): Promise<number> {
  const report = await ended(catalog.runs, id, leave)
  const code = exitCodeOf(report)
  const { sample, work } = report.selection as Sampling
  if (code === EXIT_STOPPED || code === null || !sample) {
    console.error(`Run ${id}, which made some to know that, was ${report.state}: ${report.reason ?? ''}`)
    return EXIT_STOPPED
  }
  const estimate = await expectedOf(catalog, report)
  const failures = await catalog.runFailures.codes(id)
  const whole = { sample, estimate, failures, prices, workers, keepSeconds: work.keepSeconds }
  console.log(json ? estimateJson(id, whole) : estimateReport(whole))
  return code ?? EXIT_COMPLETE
}

/** Shows on a terminal how far it is. */
async function ended(
  runs: Pick<Catalog['runs'], 'find' | 'cancel'>,
  id: number,
  leave: AbortSignal,
): Promise<RunReport> {
  const startedAt = Date.now()
  let isTold = false
  for (;;) {
    const report = await runs.find(id)
    if (exitCodeOf(report) !== null) return report
    if (leave.aborted) return await runs.cancel(id)
    const { isCounted, selected, left, reason, holders } = report
    const made = isCounted ? `made ${selected - left} of ${selected}` : 'counting'
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${made}${reason ? `; ${reason}` : ''}\r`)
    if (!isTold && holders.length === 0 && Date.now() - startedAt > NOBODY_MS) {
      isTold = true
      console.error('No server works it yet: is one running? `darkroom serve`, or `darkroom start`')
    }
    await sleep(LOOK_MS, undefined, { signal: leave }).catch(() => {})
  }
}
