import type { Jobs } from 'darkroom-client'
import { duration, number } from '../words/amounts.ts'
import { words } from '../words/words.ts'

const LANES = ['live', 'batch'] as const
const STATES = ['waiting', 'active', 'delayed', 'failed'] as const

/** Both lanes, and of each its kinds. */
export function Queue({ jobs: { lanes, kinds, asOf } }: { jobs: Jobs }) {
  const { operator } = words.value
  const isIdle = LANES.every((lane) => STATES.every((state) => lanes[lane][state] === 0))
  const waited = (since: string | null) =>
    since === null ? '–' : duration(Math.max(0, Date.parse(asOf) - Date.parse(since)))
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too. */}
      <div class="scrolls" tabIndex={0}>
        <table class="counts numbers">
          <thead>
            <tr>
              <th scope="col">{operator.lane}</th>
              {STATES.map((state) => (
                <th scope="col" class="amount" key={state}>
                  {operator.states[state]}
                </th>
              ))}
              <th scope="col" class="amount">
                {operator.oldest}
              </th>
            </tr>
          </thead>
          {LANES.map((lane) => (
            <tbody key={lane}>
              <tr>
                <th scope="row">
                  {lane} <span class="soft small lane-means">{operator.lanes[lane]}</span>
                </th>
                {STATES.map((state) => (
                  <Amount key={state} state={state} value={lanes[lane][state]} />
                ))}
                <td class="amount">{waited(lanes[lane].oldestWaitingAt)}</td>
              </tr>
              {kinds
                ?.filter((kind) => kind.lane === lane)
                .map((kind) => (
                  <tr key={kind.kind} class="soft small">
                    <th scope="row" class="mono kind">
                      {kind.kind}
                    </th>
                    {STATES.map((state) => (
                      <Amount key={state} state={state} value={kind[state]} />
                    ))}
                    <td />
                  </tr>
                ))}
            </tbody>
          ))}
        </table>
      </div>
      {isIdle && <p class="soft small">{operator.idle}</p>}
      {kinds === null && <p class="soft small">{operator.tooMany}</p>}
    </>
  )
}

function Amount({ state, value }: { state: (typeof STATES)[number]; value: number }) {
  return <td class={`amount ${value === 0 ? 'soft' : state === 'failed' ? 'bad' : ''}`}>{number(value)}</td>
}
