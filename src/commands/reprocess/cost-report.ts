import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import { type Estimate, moneyOf, spentOn, timeOf } from '../../reprocess/estimate.ts'
import type { Prices } from '../../reprocess/prices.ts'
import type { Interval } from '../../reprocess/stratified.ts'
import { bytes, cpuTime, duration, money } from '../reports/quantity.ts'
import { count, table, text } from '../reports/table.ts'

/** What the photos of a run took, beside what they were thought to take; nothing of runs that make none. */
export function costReport(run: RunReport, estimate: Estimate | null, prices: Prices, now: Date): string {
  const { costs, createdAt, endedAt } = run
  const { work } = run.selection as { work?: { keepSeconds: number } }
  if (costs.made === 0 || !work) return ''
  const seconds = ((endedAt ?? now).getTime() - createdAt.getTime()) / 1000
  const spent = spentOn(costs, prices, work.keepSeconds)
  const inMoney = (value: number) => money(value, prices.currency)
  const rows: [string, number, Interval | undefined, (value: number) => string][] = [
    ['CPU time', costs.cpuMs, estimate?.cpuMs, cpuTime],
    ['time', seconds, estimate ? timeOf(estimate, estimate.workers) : undefined, duration],
    ['PUTs', costs.puts, estimate?.puts, (value) => Math.round(value).toLocaleString('en')],
    ['stored before', costs.bytesBefore, estimate?.bytesBefore, bytes],
    ['stored after', costs.bytesAfter, estimate?.bytesAfter, bytes],
    ['money', spent, estimate ? moneyOf(estimate, prices, work.keepSeconds).once : undefined, inMoney],
  ]
  const columns = [text(''), count(endedAt ? 'it took' : 'so far')]
  const expected = [count('expected'), count('9 times of 10 from'), count('to')]
  return table(
    [...columns, ...(estimate ? expected : [])],
    rows.map(([name, took, interval, words]) => [
      name,
      words(took),
      ...(interval ? [interval.expected, Math.max(0, interval.low), interval.high].map(words) : []),
    ]),
  )
}
