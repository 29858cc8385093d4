import type { RunReport } from '../catalog/runs.ts'
import { duration, percent } from './run-report.ts'

/** How much was settled at a time, in ms. */
export type Sample = { at: number; settled: number }

const BAR = 30

/** A run on a terminal: how far, how fast, how long yet, and what holds it back. */
export function runScreen(run: RunReport, samples: readonly Sample[], codes: readonly FailureCode[]): string {
  const { id, kind, state, selected, left, done, skipped, failed, inFlight, tally, reason, holders } = run
  const settled = selected - left
  const part = selected === 0 ? Number(run.isCounted) : settled / selected
  const bar = '█'.repeat(Math.floor(part * BAR)).padEnd(BAR, '░')
  const lines = [
    `run ${id} ${kind}: ${state}${state === 'running' ? `, ${paceOf(run, samples)}` : ''}`,
    `${bar}  ${percent(run)}  ${number(settled)} of ${number(selected)}`,
    `done ${number(done)}  skipped ${number(skipped)}  failed ${number(failed)}  left ${number(left)} (${inFlight} in flight)`,
    ...Object.entries(tally).map(([name, total]) => `${name}: ${number(total)}`),
    ...(codes.length > 0
      ? [`failures: ${codes.map(({ code, count }) => `${code} ${number(count)}`).join(' · ')}`]
      : []),
    ...(reason === null ? [] : [reason]),
    ...(state === 'running' && holders.length === 0
      ? ['no server works it: is one running? `darkroom serve`, or `darkroom start`']
      : []),
  ]
  return lines.join('\n')
}

export type FailureCode = { code: string; count: number }

/** Photos a second, and the time that is left by the slowest and the fastest third of the last minute. */
function paceOf({ left }: Pick<RunReport, 'left'>, samples: readonly Sample[]): string {
  const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample]
  const rate = rateOf(first, last)
  if (rate === 0) return '0.0/s'
  const third = Math.floor(samples.length / 3)
  const rates = [0, 1, 2]
    .map((n) =>
      rateOf(samples[n * third] as Sample, samples[Math.min((n + 1) * third, samples.length - 1)] as Sample),
    )
    .filter((each) => each > 0)
  const between = third > 0 && rates.length > 1 ? [Math.max(...rates), Math.min(...rates)] : [rate]
  const times = [...new Set(between.map((each) => duration(left / each)))]
  return `${rate.toFixed(1)}/s, ${times.join(' to ')} left`
}

function rateOf(first: Sample, last: Sample): number {
  return last.at > first.at ? (last.settled - first.settled) / ((last.at - first.at) / 1000) : 0
}

function number(value: number): string {
  return value.toLocaleString('en')
}
