import type { Stats } from 'darkroom-client'
import { clock, duration, number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { ReadyPlot } from './ready-plot.tsx'

/** How long photos of the last hour took from intake until they were ready, by minute: drawn, and written. */
export function ReadyTimes({ ready, asOf }: { ready: Stats['ready']; asOf: string }) {
  const { operator } = words.value
  const last = ready.at(-1)
  if (!last) return <p class="soft">{operator.noneReady}</p>
  const photos = ready.reduce((sum, minute) => sum + minute.photos, 0)
  return (
    <>
      <p class="small soft">{operator.readyMeans(photos, number(photos))}</p>
      <ReadyPlot
        ready={ready}
        until={Date.parse(asOf)}
        label={operator.plotLabel(clock(Date.parse(last.at)), duration(last.p50Ms), duration(last.p95Ms))}
      />
      <p class="legend small">
        <span class="of-half">{operator.half}</span>
        <span class="of-most">{operator.most}</span>
      </p>
      <details>
        <summary class="small">{operator.asTable}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too. */}
        <div class="scrolls short" tabIndex={0}>
          <table class="counts numbers small">
            <thead>
              <tr>
                <th scope="col">{operator.minute}</th>
                <th scope="col" class="amount">
                  {operator.photos}
                </th>
                <th scope="col" class="amount">
                  {operator.half}
                </th>
                <th scope="col" class="amount">
                  {operator.most}
                </th>
              </tr>
            </thead>
            <tbody>
              {ready.toReversed().map(({ at, photos, p50Ms, p95Ms }) => (
                <tr key={at}>
                  <th scope="row">{clock(Date.parse(at))}</th>
                  <td class="amount">{number(photos)}</td>
                  <td class="amount">{duration(p50Ms)}</td>
                  <td class="amount">{duration(p95Ms)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}
