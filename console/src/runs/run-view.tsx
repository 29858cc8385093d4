import type { RunDetail } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { Failed, Loading, State } from '../parts/state.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { whyOf } from '../parts/why.tsx'
import { withCommands } from '../parts/with-commands.tsx'
import { linkTo } from '../route.ts'
import { client } from '../session.ts'
import { duration, number, percent, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { ENDED, paceOf, partOf, waitsForLook } from './pace.ts'
import { RunActs } from './run-acts.tsx'
import { Costs } from './run-costs.tsx'
import { Failures } from './run-failures.tsx'
import { StateWord } from './run-list.tsx'
import { Pairs } from './run-pairs.tsx'
import { Wanted } from './run-wanted.tsx'

const EVERY_MS = 2_000

/** One run: how far it is, what holds it, what failed, what it made, and what can be done with it. */
export function RunView({ id }: { id: number }) {
  const { runs: said, common } = words.value
  const polled = usePolled(async (signal) => await client.operator.runs.find(id, { signal }), {
    everyMs: EVERY_MS,
    key: String(id),
    isOver: ({ state }) => ENDED.has(state),
  })
  const [changed, setChanged] = useState(false)
  const { value: run, problem } = polled
  if (!run) {
    if (problem?.code === 'run_not_found') return <State title={said.gone(String(id))} />
    return problem ? <Failed why={whyOf(problem)} onRetry={polled.again} /> : <Loading />
  }
  /** Whoever steers a run of which there is another version sees that one, and is told. */
  const onChanged = () => {
    setChanged(true)
    say(said.changed)
    polled.again()
  }
  const isLookedAt = waitsForLook(run)
  const makes = run.kind === 'reprocess' || run.kind === 'rollback'
  return (
    <article class="run">
      <p class="small">
        <a class="soft" href={linkTo('runs')}>
          {said.back}
        </a>
      </p>
      <header class="run-head">
        <h1>{said.named(String(run.id), said.kinds[run.kind as keyof typeof said.kinds] ?? run.kind)}</h1>
        <StateWord state={run.state} />
      </header>
      {problem && <p class="bad">{common.unreachable}</p>}
      {changed && (
        <p class="run-changed" role="alert">
          {said.changed}{' '}
          <button type="button" class="button quiet small" onClick={() => setChanged(false)}>
            {common.close}
          </button>
        </p>
      )}
      <Held run={run} />
      <Progress run={run} />
      <RunActs
        run={run}
        onRun={(next) => {
          setChanged(false)
          polled.set({ ...run, ...next })
          polled.again()
        }}
        onChanged={onChanged}
      />
      <Wanted run={run} />
      <Costs run={run} />
      {run.failed > 0 && <Failures run={run} />}
      {makes && run.done > 0 && (isLookedAt || ENDED.has(run.state) || run.state === 'paused') && (
        <Pairs run={run} isCanary={isLookedAt} />
      )}
    </article>
  )
}

/** Why it does not go on, or goes slowly; and who saw to that. */
function Held({ run }: { run: RunDetail }) {
  const { runs: said } = words.value
  if (waitsForLook(run)) return <p class="run-reason">{said.looksWanted(number(run.canary ?? 0))}</p>
  const by =
    run.steeredBy !== null && run.changedAt !== null ? said.by(run.steeredBy, time(run.changedAt)) : null
  const isHeld = run.state === 'paused' || run.state === 'pausing' || run.state === 'cancelled'
  const nobody = run.state === 'running' && run.servers.length === 0 && run.ranSeconds > 15
  return (
    <>
      {run.state === 'pausing' && <p class="run-reason">{said.pausing(number(run.inFlight))}</p>}
      {isHeld && by && <p class="run-reason">{by}</p>}
      {run.reason !== null && <p class="run-reason">{run.reason}</p>}
      {nobody && <p class="run-reason bad">{withCommands(said.nobody)}</p>}
    </>
  )
}

function Progress({ run }: { run: RunDetail }) {
  const { runs: said } = words.value
  const { rate, secondsLeft } = paceOf(run)
  const counts = (['selected', 'done', 'skipped', 'failed', 'left'] as const).map(
    (name) => [said.counts[name], run[name], name] as const,
  )
  return (
    <section class="run-progress" aria-label={said.progress}>
      {!run.recurs && (
        <>
          <progress value={partOf(run)} max={1} aria-label={said.progress} />
          <p class="numbers run-pace">
            <strong>{run.isCounted ? percent(partOf(run)) : said.counting}</strong>
            {rate !== null && !ENDED.has(run.state) && (
              <span>{said.rate(number(rate, { maximumFractionDigits: rate < 10 ? 1 : 0 }))}</span>
            )}
            {secondsLeft !== null && (
              <span>
                {said.left(duration(secondsLeft * 1000), time(new Date(Date.now() + secondsLeft * 1000)))}
              </span>
            )}
            <span class="soft">{said.ran(duration(run.ranSeconds * 1000))}</span>
            {run.endedAt !== null && <span class="soft">{said.ended(time(run.endedAt))}</span>}
          </p>
        </>
      )}
      <dl class="run-counts numbers">
        {counts.map(([title, count, name]) => (
          <div key={name} class={name === 'failed' && count > 0 ? 'bad' : ''}>
            <dt class="small">{title}</dt>
            <dd>{number(count)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
