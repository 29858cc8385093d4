import type { Interval, RunDetail } from 'darkroom-client'
import { bytes, duration, number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { ENDED } from './pace.ts'

type Row = {
  name: string
  took: string | null
  expected: Interval | undefined
  say: (value: number) => string
}

/** What it took, beside what it was thought to take; of a dry run what all would take. */
export function Costs({ run }: { run: RunDetail }) {
  const { runs: said } = words.value
  const { estimate, spent, sample, kind } = run
  const isDry = kind === 'sample'
  if (isDry && !estimate) return ENDED.has(run.state) ? <p class="run-part soft">{said.noEstimate}</p> : null
  const took = spent && spent.made > 0 && !isDry ? spent : null
  if (!took && !estimate) return null
  const currency = estimate?.money.currency ?? spent?.currency ?? 'USD'
  const money = (value: number) => moneyOf(value, currency)
  const whole = (value: number) => number(Math.round(value))
  const rows: Row[] = [
    row(said.money, took?.money, estimate?.money.once, money),
    row(said.monthly, undefined, estimate?.money.monthly, money),
    row(said.time, took ? run.ranSeconds : undefined, estimate?.seconds, (value) => duration(value * 1000)),
    row(said.cpu, took?.cpuMs, estimate?.cpuMs, duration),
    row(said.puts, took?.puts, estimate?.puts, whole),
    row(said.bytesBefore, took?.bytesBefore, estimate?.bytesBefore, bytes),
    row(said.bytesAfter, took?.bytesAfter, estimate?.bytesAfter, bytes),
  ]
  const title = isDry ? said.wouldTake(number(estimate?.photos ?? 0)) : said.takes
  return (
    <section class="run-part">
      <h2>{title}</h2>
      <div class="run-scroll">
        <table class="run-table numbers">
          <thead>
            <tr>
              <td />
              {took && <th scope="col">{ENDED.has(run.state) ? said.took : said.soFar}</th>}
              {estimate && <th scope="col">{said.expected}</th>}
              {estimate && <th scope="col">{said.range}</th>}
            </tr>
          </thead>
          <tbody>
            {rows
              .filter(({ took: is, expected }) => is !== null || expected)
              .map(({ name, took: is, expected, say }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {took && <td>{is ?? ''}</td>}
                  {estimate && <td>{expected ? say(expected.expected) : ''}</td>}
                  {estimate && (
                    <td class="soft">{expected ? said.fromTo(say(expected.low), say(expected.high)) : ''}</td>
                  )}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
      {estimate && <p class="soft small">{said.estimated(number(estimate.made), estimate.money.pricesOf)}</p>}
      {isDry && sample && (
        <ul class="run-kinds small">
          {sample.kinds.map(({ name, photos, made }) => (
            <li key={name}>
              <span class="numbers">{number(photos)}</span> {name}{' '}
              <span class="soft">{said.madeToKnow(number(made))}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function row(name: string, took: number | undefined, expected: Interval | undefined, say: Row['say']): Row {
  const isFloored = name !== words.value.runs.monthly
  const least = expected && isFloored ? { ...expected, low: Math.max(0, expected.low) } : expected
  return { name, took: took === undefined ? null : say(took), expected: least, say }
}

/** Of what is less than a cent as much as there is of it. */
function moneyOf(value: number, currency: string): string {
  const isSmall = value !== 0 && Math.abs(value) < 0.1
  return number(value, {
    style: 'currency',
    currency,
    ...(isSmall && { maximumSignificantDigits: 2 }),
  })
}
