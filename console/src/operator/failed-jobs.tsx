import type { FailedJobs as Told } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { Older } from '../parts/older.tsx'
import { say } from '../parts/say.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { linkTo } from '../route.ts'
import { client } from '../session.ts'
import { number, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { Section } from './section.tsx'

const SHOWN = 50
const EVERY_MS = 5_000

/** Failed jobs by code, page by page: which photos, why; and what was seen of them enqueued again. */
export function FailedJobs({ onRetried }: { onRetried: () => void }) {
  const { operator } = words.value
  const [code, setCode] = useState<string | null>(null)
  const [asked, setAsked] = useState<Asked | null>(null)
  const failed = usePolled(
    (signal) =>
      client.operator.failedJobs({ limit: SHOWN, signal, retryMs: 0, ...(code !== null && { code }) }),
    { everyMs: EVERY_MS, key: code ?? '' },
  )
  const close = () => {
    setAsked(null)
    failed.again()
    onRetried()
  }
  return (
    <>
      <Section title={operator.failedJobs} polled={failed}>
        {(told) =>
          told.codes.length === 0 ? (
            <p class="soft">{operator.noneFailed}</p>
          ) : (
            <>
              <Codes told={told} code={code} onChoose={setCode} />
              <Jobs jobs={told.jobs} />
              {told.next !== null && (
                <div>
                  <Older key={code ?? ''} title={operator.olderFailed} from={told.next} read={olderOf(code)}>
                    {(jobs) => <Jobs jobs={jobs} />}
                  </Older>
                </div>
              )}
              <p>
                <button
                  type="button"
                  class="button"
                  onClick={() => setAsked({ code, ...chosen(told, code) })}
                >
                  {operator.retry(chosen(told, code).count, number(chosen(told, code).count))}
                </button>
              </p>
            </>
          )
        }
      </Section>
      {asked && <Retry asked={asked} onClose={close} />}
    </>
  )
}

const olderOf = (code: string | null) => async (after: string) => {
  const chosen = { after, limit: SHOWN, ...(code !== null && { code }) }
  const { jobs, next } = await client.operator.failedJobs(chosen)
  return { items: jobs, next }
}

/** What was seen of them when it was asked for. */
type Asked = { code: string | null; count: number; until: string }

function chosen({ codes, asOf: until }: Told, code: string | null): Omit<Asked, 'code'> {
  const count = codes
    .filter((each) => code === null || each.code === code)
    .reduce((sum, each) => sum + each.count, 0)
  return { count, until }
}

type CodesProps = { told: Told; code: string | null; onChoose: (code: string | null) => void }

function Codes({ told: { codes }, code, onChoose }: CodesProps) {
  const { operator } = words.value
  const total = codes.reduce((sum, { count }) => sum + count, 0)
  const choices = [{ code: null, count: total }, ...codes]
  return (
    <ul class="failure-codes" aria-label={operator.byCode}>
      {choices.map((each) => (
        <li key={each.code ?? ''}>
          <button
            type="button"
            class="button small"
            aria-pressed={each.code === code}
            onClick={() => onChoose(each.code)}
          >
            <span class={each.code === null ? '' : 'mono'}>{each.code ?? operator.allCodes}</span>{' '}
            <span class="numbers">{number(each.count)}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}

function Jobs({ jobs }: { jobs: readonly Told['jobs'][number][] }) {
  const { operator } = words.value
  return (
    <ul class="failed-jobs">
      {jobs.map(({ lane, kind, photo, code, message, attempts, failedAt }) => (
        <li key={`${lane} ${kind} ${photo} ${failedAt}`}>
          <div class="failed-job">
            <a class="mono" href={linkTo('photos', photo)}>
              {photo}
            </a>
            <span class="mono">{kind}</span>
            <span class="mono bad">{code}</span>
            <span class="soft small numbers">
              {time(failedAt)} · {operator.attempts(attempts, number(attempts))}
            </span>
          </div>
          <p class="small soft">{message}</p>
        </li>
      ))}
    </ul>
  )
}

/** Says exactly how many, and does no others: those that failed since were not seen. */
function Retry({ asked: { code, count, until }, onClose }: { asked: Asked; onClose: () => void }) {
  const { operator, common } = words.value
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const retry = async () => {
    setIsBusy(true)
    setProblem(null)
    try {
      let done = 0
      for (let hasMore = true; hasMore; ) {
        const told = await client.operator.retryJobs({ until, ...(code !== null && { code }) })
        done += told.retried
        hasMore = told.hasMore
      }
      say(operator.retried(done, number(done)))
      onClose()
    } catch (error) {
      setProblem((error as Error).message)
      setIsBusy(false)
    }
  }
  return (
    <Dialog title={operator.retryTitle(count, number(count), code)} onClose={onClose}>
      <p>{operator.retryMeans}</p>
      {problem !== null && (
        <p class="bad" role="alert">
          {common.failed(problem)}
        </p>
      )}
      <p class="job-acts">
        <button type="button" class="button" onClick={onClose}>
          {common.cancel}
        </button>
        <button type="button" class="button main" disabled={isBusy} onClick={() => void retry()}>
          {operator.retry(count, number(count))}
        </button>
      </p>
    </Dialog>
  )
}
