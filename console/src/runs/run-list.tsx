import type { Run } from 'darkroom-client'
import { Older } from '../parts/older.tsx'
import { Failed, Loading, State } from '../parts/state.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { whyOf } from '../parts/why.tsx'
import { linkTo } from '../route.ts'
import { client } from '../session.ts'
import { number, percent, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { partOf } from './pace.ts'

const EVERY_MS = 2_000

/** Every run, those that recur apart. */
export function RunList() {
  const { runs: said } = words.value
  const { value, problem, again } = usePolled(async (signal) => await client.operator.runs.list({ signal }), {
    everyMs: EVERY_MS,
  })
  if (!value) return problem ? <Failed why={whyOf(problem)} onRetry={again} /> : <Loading />
  const others = value.runs.filter(({ recurs }) => !recurs)
  const recurring = value.runs.filter(({ recurs }) => recurs)
  return (
    <div class="runs">
      <header class="runs-head">
        <h1>{said.title}</h1>
        <a class="button main" href={linkTo('runs', 'new')}>
          {said.begin}
        </a>
      </header>
      {problem && <p class="bad">{words.value.common.unreachable}</p>}
      {others.length === 0 ? (
        <State title={said.none}>
          <p class="soft">{said.noneMeans}</p>
        </State>
      ) : (
        <RunTable runs={others} title={said.title} />
      )}
      {value.next !== null && (
        <Older title={said.older} from={value.next} read={olderThan}>
          {(runs) => <RunTable runs={runs} title={said.older} />}
        </Older>
      )}
      {recurring.length > 0 && (
        <details class="runs-recurring">
          <summary>{said.recurring(number(recurring.length))}</summary>
          <p class="soft small">{said.recurringMeans}</p>
          <RecurringTable runs={recurring} />
        </details>
      )}
    </div>
  )
}

async function olderThan(before: string) {
  const { runs, next } = await client.operator.runs.list({ before })
  return { items: runs, next }
}

function RunTable({ runs, title }: { runs: readonly Run[]; title: string }) {
  const { runs: said } = words.value
  return (
    <ul class="runs-list" aria-label={title}>
      {runs.map((run) => (
        <li key={run.id}>
          <a href={linkTo('runs', String(run.id))}>
            <span class="runs-name">
              <span class="numbers soft">{run.id}</span>{' '}
              {said.kinds[run.kind as keyof typeof said.kinds] ?? run.kind}
            </span>
            <StateWord state={run.state} />
            <span class="numbers">
              {run.isCounted ? percent(partOf(run)) : said.counting} ·{' '}
              {said.photos(run.selected, number(run.selected))}
              {run.failed > 0 && <span class="bad"> · {said.failedCount(number(run.failed))}</span>}
            </span>
            <span class="soft small numbers">{time(run.createdAt)}</span>
            <progress
              value={partOf(run)}
              max={1}
              aria-label={said.progress}
              class={run.state === 'running' ? '' : 'is-still'}
            />
          </a>
        </li>
      ))}
    </ul>
  )
}

function RecurringTable({ runs }: { runs: readonly Run[] }) {
  const { runs: said } = words.value
  return (
    <ul class="runs-quiet small">
      {runs.map((run) => (
        <li key={run.id}>
          <a href={linkTo('runs', String(run.id))}>{run.kind}</a>
          <span class={run.state === 'waiting' || run.state === 'running' ? 'soft' : 'bad'}>
            {said.states[run.state]}
          </span>
          <span class="soft numbers">{said.doneCount(number(run.done))}</span>
        </li>
      ))}
    </ul>
  )
}

export function StateWord({ state }: { state: Run['state'] }) {
  return <span class={`runs-state is-${state}`}>{words.value.runs.states[state]}</span>
}
