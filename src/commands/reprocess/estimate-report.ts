import { type Estimate, moneyOf, timeOf } from '../../reprocess/estimate.ts'
import type { Prices } from '../../reprocess/prices.ts'
import type { Sample } from '../../reprocess/sample.ts'
import type { Interval } from '../../reprocess/stratified.ts'
import { bytes, cpuTime, duration, money, short } from '../reports/quantity.ts'
import { count, table, text } from '../reports/table.ts'

export type Estimated = {
  sample: Sample
  estimate: Estimate | null
  failures: readonly { code: string; count: number }[]
  prices: Prices
  keepSeconds: number
  /** Told besides: how long so many workers would take. */
  workers: number
}

/** How many photos of how many owners, of what kinds, and what a run of them would take. */
export function estimateReport(estimated: Estimated): string {
  const { sample, estimate, failures, prices } = estimated
  const { count: owners, isExact } = sample.owners
  return [
    `${number(sample.population)} photos of ${isExact ? '' : 'about '}${number(owners)} owners`,
    '',
    kinds(sample),
    '',
    ...(estimate === null ? ['None of them could be made.'] : costs(estimated, estimate)),
    ...(failures.length === 0
      ? []
      : ['', `Of those made, failed: ${failures.map(({ code, count }) => `${code} ${count}`).join(' · ')}`]),
    '',
    `Prices of ${prices.date}: ${prices.source}. PRICES_FILE has yours.`,
  ].join('\n')
}

/** The same for programs. */
export function estimateJson(run: number, estimated: Estimated): string {
  const { sample, estimate, failures, prices, keepSeconds, workers } = estimated
  const { population, owners, looked, strata } = sample
  return JSON.stringify({
    run,
    photos: population,
    owners,
    looked,
    kinds: strata.map(({ name, looked, ids }) => ({ name, looked, made: ids.length })),
    estimate,
    ...(estimate && {
      seconds: {
        now: timeOf(estimate, estimate.workers),
        with: { workers, ...timeOf(estimate, workers) },
      },
      money: moneyOf(estimate, prices, keepSeconds),
    }),
    failures,
    prices,
  })
}

function kinds({ strata, looked, population }: Sample): string {
  const isAll = looked === population
  const rows = strata.map((stratum) => [
    `${isAll ? '' : '~'}${number((stratum.looked / looked) * population)}`,
    stratum.name,
    String(stratum.ids.length),
  ])
  return table([count('photos'), text('kind'), count('made to know')], rows)
}

function costs({ prices, keepSeconds, workers }: Estimated, estimate: Estimate): string[] {
  const { once, monthly } = moneyOf(estimate, prices, keepSeconds)
  const inMoney = (value: number) => money(value, prices.currency)
  const rows: [string, Interval, (value: number) => string][] = [
    ['CPU time', estimate.cpuMs, cpuTime],
    [
      `time by today's free capacity, ${short(estimate.workers)} workers`,
      timeOf(estimate, estimate.workers),
      duration,
    ],
    [`time with ${workers} workers`, timeOf(estimate, workers), duration],
    ['PUTs', estimate.puts, number],
    ['stored before', estimate.bytesBefore, bytes],
    ['stored after', estimate.bytesAfter, bytes],
    [`kept besides, for ${duration(keepSeconds)}`, estimate.bytesAside, bytes],
    ['money, once', once, inMoney],
    ['money, more or less a month', monthly, inMoney],
  ]
  return [
    table(
      [
        text(`by ${estimate.made} that were made`),
        count('expected'),
        count('9 times of 10 from'),
        count('to'),
      ],
      rows.map(([name, { expected, low, high }, words]) => [
        name,
        words(expected),
        words(name.startsWith('money, more') ? low : Math.max(0, low)),
        words(high),
      ]),
    ),
  ]
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en')
}
