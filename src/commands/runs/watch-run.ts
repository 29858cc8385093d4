import { setTimeout as sleep } from 'node:timers/promises'
import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import type { RunFailures } from '../../catalog/runs/run-failures.ts'
import { RunStateError, type Runs } from '../../catalog/runs/runs.ts'
import { EngineUnavailableError } from '../../errors.ts'
import type { JobQueue } from '../../queue/job-queue.ts'
import { spentOn } from '../../reprocess/estimate.ts'
import type { Prices } from '../../reprocess/prices.ts'
import { paceOf, type Sample } from './run-pace.ts'
import { runScreen, type Seen } from './run-screen.ts'

/** On a terminal the screen is drawn anew; elsewhere, a line of JSON is printed, of what changes about a run. */
const DRAW_MS = 1_000
const PRINT_MS = 10_000
/** The rate is that of the last minute. */
const SAMPLES_MS = 60_000

export const EXIT_COMPLETE = 0
export const EXIT_FAILURES = 2
export const EXIT_STOPPED = 3

/** What a run is watched by: its lanes where there is a queue to ask, and what it costs where there are prices. */
export type Watched = {
  runs: Pick<Runs, 'find'>
  runFailures: Pick<RunFailures, 'codes'>
  queue?: Pick<JobQueue, 'counts'>
  prices?: Prices
}

/**
 * Shows how far a run is until it ends, or until `leave`: the run goes on. Returns the exit code that says how it ended.
 * Throws RunNotFoundError, and RunStateError when the run recurs, as it has no end.
 */
export async function watchRun(
  watched: Watched,
  id: number,
  { leave, json = false }: { leave: AbortSignal; json?: boolean },
): Promise<number> {
  const isTerminal = process.stdout.isTTY && !json
  const samples: Sample[] = []
  let beside: Pick<Seen, 'codes' | 'lanes'> = { codes: [], lanes: null }
  let lookAt = 0
  let drawn = 0
  for (;;) {
    const run = await watched.runs.find(id)
    if (run.recurs) {
      throw new RunStateError(
        `Run ${id} (${run.kind}) recurs, so it has no end to wait for. \`darkroom runs show ${id}\` shows how it is.`,
      )
    }
    const at = Date.now()
    samples.push({ at, settled: run.selected - run.left })
    while ((samples[0] as Sample).at < at - SAMPLES_MS) samples.shift()
    const exitCode = exitCodeOf(run)
    if (at >= lookAt || exitCode !== null) {
      beside = await lookBeside(watched, run)
      lookAt = at + PRINT_MS
    }
    const seen: Seen = { ...paceOf(run.left, samples), ...beside, spent: spent(run, watched.prices) }
    if (!isTerminal) {
      const { codes: failures, ...others } = seen
      process.stdout.write(`${JSON.stringify({ ...run, ...others, failures, selection: undefined })}\n`)
    } else {
      const screen = runScreen(run, seen).split('\n').map(cut)
      process.stdout.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J${screen.join('\n')}\n`)
      drawn = screen.length
    }
    if (exitCode !== null || leave.aborted || (run.state === 'paused' && run.reason !== null)) {
      return exitCode ?? (run.state === 'paused' ? EXIT_STOPPED : EXIT_COMPLETE)
    }
    await sleep(isTerminal ? DRAW_MS : PRINT_MS, undefined, { signal: leave }).catch(() => {})
  }
}

/** What a run that has ended means for whoever waited for it; null while it has not. */
export function exitCodeOf({ state, failed }: Pick<RunReport, 'state' | 'failed'>): number | null {
  if (state === 'complete') return failed > 0 ? EXIT_FAILURES : EXIT_COMPLETE
  return state === 'stopped' || state === 'cancelled' ? EXIT_STOPPED : null
}

/** What costs more to ask for, and changes more slowly. A queue that is unavailable holds no run's watcher up. */
async function lookBeside(
  { runFailures, queue }: Watched,
  run: RunReport,
): Promise<Pick<Seen, 'codes' | 'lanes'>> {
  const codes = run.failed > 0 ? await runFailures.codes(run.id) : []
  if (!queue) return { codes, lanes: null }
  try {
    const [live, batch] = await Promise.all([queue.counts('live'), queue.counts('batch')])
    return { codes, lanes: { live, batch } }
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error
    return { codes, lanes: null }
  }
}

function spent({ costs, selection }: RunReport, prices: Prices | undefined): Seen['spent'] {
  const { work } = selection as { work?: { keepSeconds: number } }
  if (!prices || !work) return null
  return { amount: spentOn(costs, prices, work.keepSeconds), currency: prices.currency }
}

/** A line that wraps would be two, of which one is drawn anew. */
function cut(line: string): string {
  return [...line].slice(0, process.stdout.columns ?? 80).join('')
}
