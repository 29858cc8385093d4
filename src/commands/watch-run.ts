import { setTimeout as sleep } from 'node:timers/promises'
import { type RunReport, RunStateError, type Runs } from '../catalog/runs.ts'
import { duration, percent } from './run-report.ts'

/** On a terminal a line is drawn anew; elsewhere, one of JSON is printed. */
const DRAW_MS = 1_000
const PRINT_MS = 10_000
/** The rate is that of the last minute. */
const SAMPLES_MS = 60_000

export const EXIT_COMPLETE = 0
export const EXIT_FAILURES = 2
export const EXIT_STOPPED = 3

type Sample = { at: number; settled: number }

/**
 * Shows how far a run is until it ends, or until `leave`: the run goes on. Returns the exit code that says how it ended.
 * Throws RunNotFoundError, and RunStateError when the run recurs, as it has no end.
 */
export async function watchRun(
  runs: Pick<Runs, 'find'>,
  id: number,
  { leave, json = false }: { leave: AbortSignal; json?: boolean },
): Promise<number> {
  const isTerminal = process.stdout.isTTY && !json
  const samples: Sample[] = []
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
    process.stdout.write(isTerminal ? `\r\u001b[K${progressLine(run, samples)}` : `${JSON.stringify(run)}\n`)
    if (exitCode !== null || leave.aborted || (run.state === 'paused' && run.reason !== null)) {
      if (isTerminal) process.stdout.write('\n')
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

/** One line of a run: how far, how fast, how long yet. */
export function progressLine(run: RunReport, samples: readonly Sample[]): string {
  const { id, kind, state, selected, left, failed, reason } = run
  const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample]
  const rate = last.at > first.at ? (last.settled - first.settled) / ((last.at - first.at) / 1000) : 0
  const parts = [
    `run ${id} ${kind}: ${state}`,
    percent(run),
    `${(selected - left).toLocaleString('en')} of ${selected.toLocaleString('en')}`,
    ...(state === 'running' && rate > 0 ? [`${rate.toFixed(1)}/s`, `${duration(left / rate)} left`] : []),
    ...(failed > 0 ? [`${failed.toLocaleString('en')} failed`] : []),
    ...(reason === null ? [] : [reason]),
  ]
  return parts.join('  ')
}
