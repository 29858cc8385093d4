import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import type { Lane } from '../../queue/job.ts'
import type { JobCounts } from '../../queue/job-queue.ts'
import { bytes, cpuTime, duration, money, short } from '../reports/quantity.ts'
import type { RunPace } from './run-pace.ts'
import { percent } from './run-report.ts'

export type FailureCode = { code: string; count: number }

/** What is seen of a run besides its counts. */
export type Seen = RunPace & {
  /** Of the failures that there are. */
  codes: readonly FailureCode[]
  /** Null when the queue was not asked, or did not answer. */
  lanes: Record<Lane, Pick<JobCounts, 'waiting' | 'active'>> | null
  /** What its photos cost; null of kinds that make none. */
  spent: { amount: number; currency: string } | null
}

const BAR = 30

/** A run on a terminal: how far, how fast, how long yet, what it took, and what holds it back. */
export function runScreen(run: RunReport, seen: Seen): string {
  const { id, kind, state, selected, left, done, skipped, failed, inFlight, tally, reason, holders } = run
  const { codes, lanes } = seen
  const settled = selected - left
  const part = selected === 0 ? Number(run.isCounted) : settled / selected
  const bar = '█'.repeat(Math.floor(part * BAR)).padEnd(BAR, '░')
  const lines = [
    `run ${id} ${kind}: ${state}${state === 'running' ? `, ${paceInWords(seen)}` : ''}`,
    `${bar}  ${percent(run)}  ${number(settled)} of ${number(selected)}`,
    `done ${number(done)}  skipped ${number(skipped)}  failed ${number(failed)}  left ${number(left)} (${inFlight} in flight)`,
    ...Object.entries(tally).map(([name, total]) => `${name}: ${number(total)}`),
    ...(lanes ? [`lanes: ${laneInWords('live', lanes)} · ${laneInWords('batch', lanes)}`] : []),
    ...costsInWords(run, seen),
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

function paceInWords({ rate, secondsLeft }: RunPace): string {
  if (secondsLeft === null) return '0.0/s'
  return `${rate.toFixed(1)}/s, ${[...new Set(secondsLeft.map(duration))].join(' to ')} left`
}

function laneInWords(lane: Lane, lanes: NonNullable<Seen['lanes']>): string {
  const { waiting, active } = lanes[lane]
  return `${lane} ${number(waiting)} waiting, ${number(active)} running`
}

function costsInWords({ costs }: RunReport, { spent }: Seen): string[] {
  if (!spent || costs.made === 0) return []
  const saved = costs.bytesBefore - costs.bytesAfter
  const part =
    costs.bytesBefore > 0
      ? ` (${short((Math.abs(saved) / costs.bytesBefore) * 100)} % of what was there)`
      : ''
  const words = [
    `${bytes(Math.abs(saved))} ${saved < 0 ? 'more' : 'saved'}${part}`,
    `${cpuTime(costs.cpuMs)} of CPU`,
    `${number(costs.puts)} PUTs`,
    money(spent.amount, spent.currency),
  ]
  return [words.join(' · ')]
}

function number(value: number): string {
  return value.toLocaleString('en')
}
