import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import type { RunReport } from '../catalog/runs.ts'
import { type Estimate, estimateOf } from '../reprocess/estimate.ts'
import type { Prices } from '../reprocess/prices.ts'
import type { Reprocess } from '../reprocess/reprocess.ts'
import type { Sample } from '../reprocess/sample.ts'
import { MAX_SAMPLE, type Sampling, sampling } from '../reprocess/sampling.ts'
import { estimateJson, estimateReport } from './estimate-report.ts'
import { EXIT_COMPLETE, EXIT_STOPPED, exitCodeOf } from './watch-run.ts'

const LOOK_MS = 500
const NOBODY_MS = 15_000
/** An estimate that is older says nothing of photos of today. */
const GOOD_FOR_MS = 30 * 86_400_000

/**
 * Has servers and workers make a sample, waits for it, and tells what a run would take. Returns the exit code. Whoever
 * leaves before ends it.
 */
export async function dryRun(
  { runs, runCosts }: Pick<Catalog, 'runs' | 'runCosts'>,
  run: Reprocess,
  sample: Sample,
  options: { prices: Prices; workers: number; json: boolean; leave: AbortSignal },
): Promise<number> {
  const { prices, workers, json, leave } = options
  const estimated = { sample, prices, workers, keepSeconds: run.work.keepSeconds }
  const selection: Sampling = { ...run, pace: { ...run.pace, rate: null, share: null }, sample }
  const slices = sampling.slices(selection)
  const id = await runs.start({ kind: sampling.name, selection, slices })
  const report = await ended(runs, id, leave)
  const code = exitCodeOf(report)
  if (code === EXIT_STOPPED || code === null) {
    console.error(`Run ${id}, which made some to know that, was ${report.state}: ${report.reason ?? ''}`)
    return EXIT_STOPPED
  }
  const estimate = estimateOf(sample, await runCosts.ofRun(id, MAX_SAMPLE))
  const whole = { ...estimated, estimate, failures: await runs.failureCodes(id) }
  console.log(json ? estimateJson(id, whole) : estimateReport(whole))
  return code ?? EXIT_COMPLETE
}

/** The estimate of the last dry run that would have done the same; null when there is none. */
export async function estimateBefore(
  { runs, runCosts }: Pick<Catalog, 'runs' | 'runCosts'>,
  asked: string,
): Promise<Estimate | null> {
  const found = (await runs.list()).find(
    ({ kind, state, selection, createdAt }) =>
      kind === sampling.name &&
      state === 'complete' &&
      (selection as Sampling).asked === asked &&
      Date.now() - createdAt.getTime() < GOOD_FOR_MS,
  )
  if (!found) return null
  return estimateOf((found.selection as Sampling).sample, await runCosts.ofRun(found.id, MAX_SAMPLE))
}

/** What a run was thought to take before it began, or by its canary; null when it had neither. */
export async function estimateFor(
  { runCosts }: Pick<Catalog, 'runCosts'>,
  { id, selection }: RunReport,
): Promise<Estimate | null> {
  const { estimate = null, canary } = selection as Partial<Reprocess>
  if (estimate || !canary) return estimate
  return estimateOf(canary, await runCosts.ofRun(id, MAX_SAMPLE))
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
    const { selected, left, reason, holders } = report
    if (process.stderr.isTTY)
      process.stderr.write(`\r\u001b[Kmade ${selected - left} of ${selected}${reason ? `; ${reason}` : ''}\r`)
    if (!isTold && holders.length === 0 && Date.now() - startedAt > NOBODY_MS) {
      isTold = true
      console.error('No server works it yet: is one running? `darkroom serve`, or `darkroom start`')
    }
    await sleep(LOOK_MS, undefined, { signal: leave }).catch(() => {})
  }
}
