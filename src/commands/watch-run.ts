import { setTimeout as sleep } from 'node:timers/promises'
import { type RunReport, RunStateError, type Runs } from '../catalog/runs.ts'
import { type FailureCode, runScreen, type Sample } from './run-screen.ts'

/** On a terminal the screen is drawn anew; elsewhere, a line of JSON is printed. */
const DRAW_MS = 1_000
const PRINT_MS = 10_000
/** The rate is that of the last minute. */
const SAMPLES_MS = 60_000

export const EXIT_COMPLETE = 0
export const EXIT_FAILURES = 2
export const EXIT_STOPPED = 3

/**
 * Shows how far a run is until it ends, or until `leave`: the run goes on. Returns the exit code that says how it ended.
 * Throws RunNotFoundError, and RunStateError when the run recurs, as it has no end.
 */
export async function watchRun(
  runs: Pick<Runs, 'find' | 'failureCodes'>,
  id: number,
  { leave, json = false }: { leave: AbortSignal; json?: boolean },
): Promise<number> {
  const isTerminal = process.stdout.isTTY && !json
  const samples: Sample[] = []
  let codes: { failed: number; at: number; are: FailureCode[] } = { failed: 0, at: 0, are: [] }
  let drawn = 0
  for (;;) {
    const run = await runs.find(id)
    if (run.recurs) {
      throw new RunStateError(
        `Run ${id} (${run.kind}) recurs, so it has no end to wait for. \`darkroom runs show ${id}\` shows how it is.`,
      )
    }
    const at = Date.now()
    samples.push({ at, settled: run.selected - run.left })
    while ((samples[0] as Sample).at < at - SAMPLES_MS) samples.shift()
    const exitCode = exitCodeOf(run)
    if (!isTerminal) process.stdout.write(`${JSON.stringify(run)}\n`)
    else {
      if (run.failed > codes.failed && (at - codes.at > PRINT_MS || exitCode !== null))
        codes = { failed: run.failed, at, are: await runs.failureCodes(id) }
      const screen = runScreen(run, samples, codes.are).split('\n').map(cut)
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

/** A line that wraps would be two, of which one is drawn anew. */
function cut(line: string): string {
  return [...line].slice(0, process.stdout.columns ?? 80).join('')
}
