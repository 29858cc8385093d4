import './history.css'
import type { Photo, PhotoHistory } from 'darkroom-client'
import { useEffect, useId, useState } from 'preact/hooks'
import { problemWords } from '../develop/problem-words.ts'
import { say } from '../parts/say.tsx'
import { Failed } from '../parts/state.tsx'
import { useAct } from '../parts/use-act.ts'
import { Why, whyOf } from '../parts/why.tsx'
import { client } from '../session.ts'
import { bytes, duration, moment, number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { stepsOf } from './history-steps.ts'

/** What is known of the photo besides its id says when it has changed. */
type HistoryProps = { photo: Pick<Photo, 'id'> & Partial<Photo>; isOperator: boolean }

/** A photo's way in time, as far as it is kept; for an operator its jobs and objects as well. Asked for anew when the photo changes. */
export function History({ photo, isOperator }: HistoryProps) {
  const { history } = words.value
  const [told, setTold] = useState<PhotoHistory | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [attempt, setAttempt] = useState(0)
  const id = useId()
  const { status, visibility, filter, strength, focus, wanted } = photo
  const version = JSON.stringify([photo.id, status, visibility, filter, strength, focus, wanted, attempt])

  const askAgain = () => setAttempt((count) => count + 1)

  useEffect(() => {
    const gone = new AbortController()
    client.history(photo.id, { signal: gone.signal }).then(
      (value) => {
        setTold(value)
        setProblem(null)
      },
      (error: Error) => {
        if (!gone.signal.aborted) setProblem(whyOf(error))
      },
    )
    return () => gone.abort()
  }, [version])

  return (
    <section class="history" aria-labelledby={id}>
      <h2 id={id}>{history.title}</h2>
      {problem !== null && <Failed why={problem} onRetry={askAgain} />}
      {told === null && problem === null && <p class="soft">{words.value.common.loading}</p>}
      {told && <Steps told={told} />}
      {told && isOperator && <Jobs jobs={told.jobs ?? []} photo={photo.id} onRetried={askAgain} />}
      {told && isOperator && <Objects objects={told.objects ?? []} />}
    </section>
  )
}

function Steps({ told }: { told: PhotoHistory }) {
  const { history, develop } = words.value
  return (
    <ol>
      {stepsOf(told).map(({ at, kind, tookMs, code }, n) => (
        <li key={n}>
          <time class="soft numbers" dateTime={new Date(at).toISOString()}>
            {moment(at)}
          </time>
          <span>
            {history.steps[kind]}
            {code !== null && <span class="bad"> {problemWords({ code, message: '' }, develop).title}</span>}
            {tookMs !== null && <span class="soft"> · {history.after(duration(tookMs))}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}

type JobsProps = { jobs: NonNullable<PhotoHistory['jobs']>; photo: string; onRetried: () => void }

function Jobs({ jobs, photo, onRetried }: JobsProps) {
  const { history, operator } = words.value
  const { isBusy, problem, act } = useAct()
  const retry = () =>
    act(async () => {
      const { retried } = await client.operator.retryJobs({ photo })
      say(operator.retried(retried, number(retried)))
      onRetried()
    })
  return (
    <>
      <h3>{history.jobs}</h3>
      {jobs.length === 0 && <p class="soft small">{history.noJobs}</p>}
      <ul class="jobs">
        {jobs.map(({ kind, edition, state, code, message }) => (
          <li key={`${kind} ${edition}`}>
            <span class="mono">{edition === null ? kind : `${kind} ${edition}`}</span>{' '}
            <span class={state === 'failed' ? 'bad' : 'soft'}>{history.states[state]}</span>{' '}
            {code !== null && <span class="mono bad">{code}</span>}
            {message !== null && <p class="small soft">{message}</p>}
          </li>
        ))}
      </ul>
      <Why why={problem} />
      {jobs.some(({ state }) => state === 'failed') && (
        <p>
          <button type="button" class="button small" disabled={isBusy} onClick={() => void retry()}>
            {history.retry}
          </button>
        </p>
      )}
    </>
  )
}

function Objects({ objects }: { objects: NonNullable<PhotoHistory['objects']> }) {
  const { history } = words.value
  return (
    <>
      <h3>{history.objects}</h3>
      <ul class="objects">
        {objects.map(({ key, contentType, bytes: size, isThere }) => (
          <li key={key}>
            <span class="mono">{key}</span>{' '}
            <span class="soft small numbers">
              {[contentType, size !== null && bytes(size)].filter(Boolean).join(' · ')}
            </span>{' '}
            {isThere === false && <span class="bad small">{history.missing}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}
