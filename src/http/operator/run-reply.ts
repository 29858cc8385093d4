import type { Catalog } from '../../catalog/catalog.ts'
import type { RunReport } from '../../catalog/runs/reported-runs.ts'
import { type Estimate, moneyOf, spentOn, timeOf } from '../../reprocess/estimate.ts'
import { expectedOf } from '../../reprocess/expected.ts'
import type { Prices } from '../../reprocess/prices.ts'
import type { Reprocess } from '../../reprocess/reprocess.ts'
import type { Sample } from '../../reprocess/sample.ts'
import type { Sampling } from '../../reprocess/sampling.ts'
import type { AsideSelection } from '../../reprocess/through-aside.ts'
import type { EstimateReply, RunDetailReply, RunReply } from '../schemas/run.ts'

/** What stands in the selection of one kind or another. */
type Selected = Partial<Sampling & AsideSelection>

/** A run as operators are told of it. */
export function runReply({ selection, costs: _, holders, ...report }: RunReport): RunReply {
  const { kind } = report
  const { select, limit = null, chosen, work, pace, brakes, run, retries } = selection as Selected
  const { draw = null } = selection as Selected
  const { owners = null, ids = null, from = null, to = null } = chosen ?? {}
  return {
    ...report,
    changedAt: textOf(report.changedAt),
    createdAt: report.createdAt.toISOString(),
    movedAt: textOf(report.movedAt),
    endedAt: textOf(report.endedAt),
    servers: [...holders],
    of: run ?? retries ?? null,
    select: select
      ? {
          state: select.state,
          order: select.newestFirst ? 'newest' : 'oldest',
          limit,
          owners: owners && [...owners],
          ids,
          from,
          to,
        }
      : null,
    work: work && select ? workReply(work) : null,
    pace: pace ? { rate: pace.rate, share: pace.share } : null,
    maxFailures: brakes?.maxFailures ?? null,
    canary: report.canary ?? (kind === 'reprocess' ? draw : null),
  }
}

/** The same with what failed, what it was thought to take, and what it took. */
export async function runDetailReply(
  catalog: Pick<Catalog, 'runFailures' | 'runCosts'>,
  prices: Prices,
  report: RunReport,
): Promise<RunDetailReply> {
  const { sample, canary, work } = report.selection as Selected
  const estimate = work ? await expectedOf(catalog, report) : null
  const drawn = sample ?? canary ?? null
  return {
    ...runReply(report),
    failures: report.failed > 0 ? await catalog.runFailures.codes(report.id) : [],
    sample: drawn && sampleReply(drawn),
    estimate: estimate && work ? estimateReply(estimate, prices, work) : null,
    spent: work ? spentReply(report, prices, work) : null,
  }
}

function workReply({ presets, formats, maxDifference, keepSeconds }: Reprocess['work']): RunReply['work'] {
  return { presets: presets && [...presets], formats: formats && [...formats], maxDifference, keepSeconds }
}

function sampleReply(sample: Sample): RunDetailReply['sample'] {
  const { population, looked, owners, strata } = sample
  const kinds = strata.map(({ name, looked: seen, ids }) => ({
    name,
    photos: looked === 0 ? 0 : Math.round((seen / looked) * population),
    made: ids.length,
  }))
  return { photos: population, owners: { ...owners, count: Math.round(owners.count) }, kinds }
}

function estimateReply(
  estimate: Estimate,
  prices: Prices,
  { keepSeconds }: Reprocess['work'],
): EstimateReply {
  const { photos, made, workers, cpuMs, puts, bytesBefore, bytesAfter, bytesAside } = estimate
  const { currency, source, date } = prices
  return {
    ...{ photos, made, workers, cpuMs, puts, bytesBefore, bytesAfter, bytesAside },
    seconds: timeOf(estimate, workers),
    money: { currency, pricesOf: `${source}, ${date}`, ...moneyOf(estimate, prices, keepSeconds) },
  }
}

function spentReply(
  { costs }: RunReport,
  prices: Prices,
  { keepSeconds }: Reprocess['work'],
): RunDetailReply['spent'] {
  const { made, cpuMs, puts, bytesBefore, bytesAfter } = costs
  const money = spentOn(costs, prices, keepSeconds)
  return { made, cpuMs, puts, bytesBefore, bytesAfter, money, currency: prices.currency }
}

function textOf(time: Date | null): string | null {
  return time?.toISOString() ?? null
}
