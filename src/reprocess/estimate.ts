import type { Costs, KeptCost } from '../catalog/runs/costs.ts'
import type { Prices } from './prices.ts'
import type { Sample } from './sample.ts'
import { type Interval, totalOf } from './stratified.ts'

const MONTH_S = 30.4375 * 86_400
const GB = 1e9

/** What all photos of a sample's population are thought to take, by what some of them took. */
export type Estimate = {
  photos: number
  /** So many were made. */
  made: number
  cpuMs: Interval
  /** As long as a worker would be busy, of the speed of those that made the sample; and how many there were at a time. */
  wallMs: Interval
  workers: number
  puts: Interval
  bytesBefore: Interval
  bytesAfter: Interval
  /** What the photos have afterwards and had not before; less than nothing when they get smaller. */
  bytesAdded: Interval
  /** What was shown before and is not any more: it is kept for a while. */
  bytesAside: Interval
}

/** Null when none was made. */
export function estimateOf(sample: Sample, costs: readonly KeptCost[]): Estimate | null {
  if (costs.length === 0) return null
  const byPhoto = new Map(costs.map((cost) => [cost.photoId, cost]))
  const total = (of: (cost: KeptCost) => number) =>
    totalOf(
      sample.strata.map(({ looked, ids }) => ({
        looked,
        values: ids.flatMap((id) => byPhoto.get(id) ?? []).map(of),
      })),
      sample,
    )
  return {
    photos: sample.population,
    made: costs.length,
    cpuMs: total(({ cpuMs }) => cpuMs),
    wallMs: total(({ wallMs }) => wallMs),
    workers: atOnce(costs),
    puts: total(({ puts }) => puts),
    bytesBefore: total(({ bytesBefore }) => bytesBefore),
    bytesAfter: total(({ bytesAfter }) => bytesAfter),
    bytesAdded: total(({ bytesBefore, bytesAfter }) => bytesAfter - bytesBefore),
    bytesAside: total(asideOf),
  }
}

/** How many were made at a time, from the first to the last. */
function atOnce(costs: readonly KeptCost[]): number {
  const first = Math.min(...costs.map(({ madeAt, wallMs }) => madeAt.getTime() - wallMs))
  const last = Math.max(...costs.map(({ madeAt }) => madeAt.getTime()))
  const busy = costs.reduce((sum, { wallMs }) => sum + wallMs, 0)
  return last > first ? Math.max(busy / (last - first), 0.01) : 1
}

/** How long all takes with so many workers. */
export function timeOf({ wallMs }: Estimate, workers: number): Interval {
  return scaled(wallMs, 1 / (1000 * workers))
}

/** Once for CPU, PUTs, and what is kept for so long; and from then on a month, which is less than nothing when less is kept. */
export function moneyOf(
  { cpuMs, puts, bytesAside, bytesAdded }: Estimate,
  prices: Prices,
  keepSeconds: number,
): { once: Interval; monthly: Interval } {
  const parts = [
    scaled(cpuMs, prices.cpuHour / 3.6e6),
    scaled(puts, prices.putsPer1000 / 1000),
    scaled(bytesAside, keptFor(prices, keepSeconds)),
  ]
  return { once: added(parts), monthly: scaled(bytesAdded, prices.gbMonth / GB) }
}

/** What photos cost that were made. */
export function spentOn(costs: Costs, prices: Prices, keepSeconds: number): number {
  return (
    (costs.cpuMs * prices.cpuHour) / 3.6e6 +
    (costs.puts * prices.putsPer1000) / 1000 +
    asideOf(costs) * keptFor(prices, keepSeconds)
  )
}

function asideOf({
  bytesBefore,
  bytesAfter,
  putBytes,
}: Pick<Costs, 'bytesBefore' | 'bytesAfter' | 'putBytes'>) {
  return Math.max(0, bytesBefore - (bytesAfter - putBytes))
}

function keptFor({ gbMonth }: Prices, seconds: number): number {
  return (gbMonth / GB) * (seconds / MONTH_S)
}

function scaled({ expected, low, high }: Interval, factor: number): Interval {
  return { expected: expected * factor, low: low * factor, high: high * factor }
}

/** As if one were most when the others are: the interval of a sum is no wider. */
function added(intervals: readonly Interval[]): Interval {
  const sum = (of: (interval: Interval) => number) => intervals.reduce((total, each) => total + of(each), 0)
  return {
    expected: sum(({ expected }) => expected),
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
  }
}
