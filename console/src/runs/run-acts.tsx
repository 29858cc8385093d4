import { Problem, type Run, type RunDetail } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { say } from '../parts/say.tsx'
import { go } from '../route.ts'
import { client } from '../session.ts'
import { number, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { ENDED, waitsForLook } from './pace.ts'
import { PaceForm } from './pace-form.tsx'

type Act = 'pause' | 'resume' | 'cancel' | 'rollback' | 'finish' | 'verify' | 'retry'

/** These are asked about before, by what they act on. */
const CONFIRMED: ReadonlySet<Act> = new Set(['cancel', 'rollback', 'finish', 'retry'])
/** These begin another run, which is shown then. */
const FOLLOWS: ReadonlySet<Act> = new Set(['rollback', 'finish', 'verify', 'retry'])

type RunActsProps = {
  run: RunDetail
  onRun: (run: Run) => void
  onProblem: (problem: Problem) => void
}

/** What can be done with a run, as it is. */
export function RunActs({ run, onRun, onProblem }: RunActsProps) {
  const { runs: said, common } = words.value
  const [asked, setAsked] = useState<Act | 'pace' | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [why, setWhy] = useState<string | null>(null)

  const act = async (what: Act) => {
    setAsked(null)
    setBusy(true)
    setWhy(null)
    try {
      const next = await client.operator.runs[what](run)
      say(said.acted[what])
      if (FOLLOWS.has(what)) go('runs', String(next.id))
      else onRun(next)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      onProblem(error)
      if (error.code !== 'run_changed') setWhy(error.message)
    } finally {
      setBusy(false)
    }
  }
  const begin = (what: Act) => (CONFIRMED.has(what) ? setAsked(what) : void act(what))
  const acts = actsOn(run)
  if (acts.length === 0 && !isPaced(run)) return null
  const main = acts[0] === 'resume' || acts[0] === 'pause' ? acts[0] : null
  return (
    <div class="run-acts">
      {acts.map((what) => (
        <button
          key={what}
          type="button"
          class={`button ${what === main && what === 'resume' ? 'main' : ''} ${what === 'cancel' ? 'danger' : ''}`}
          disabled={isBusy}
          onClick={() => begin(what)}
        >
          {what === 'resume' && waitsForLook(run) ? said.goOn : said.act[what]}
        </button>
      ))}
      {isPaced(run) && (
        <button type="button" class="button" disabled={isBusy} onClick={() => setAsked('pace')}>
          {said.changePace}
        </button>
      )}
      {why !== null && (
        <p class="bad" role="alert">
          {common.failed(why)}
        </p>
      )}
      {asked === 'pace' && (
        <PaceForm run={run} onRun={onRun} onProblem={onProblem} onClose={() => setAsked(null)} />
      )}
      {asked !== null && asked !== 'pace' && (
        <Dialog title={said.act[asked]} onClose={() => setAsked(null)}>
          <p>{questionOf(asked, run)}</p>
          <div class="dialog-acts">
            <button type="button" class="button" onClick={() => setAsked(null)}>
              {common.back}
            </button>
            <button type="button" class="button main" onClick={() => void act(asked)}>
              {said.act[asked]}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  )
}

function actsOn(run: RunDetail): Act[] {
  const { state, kind, recurs } = run
  if (recurs) return state === 'paused' ? ['resume'] : ['pause']
  const isStill = ENDED.has(state) || state === 'paused'
  const showed = kind === 'reprocess' || kind === 'rollback'
  return [
    ...(state === 'paused' || state === 'stopped' ? (['resume'] as const) : []),
    ...(state === 'running' ? (['pause'] as const) : []),
    ...(showed && isStill && run.done > 0 ? (['rollback', 'verify', 'finish'] as const) : []),
    ...(kind === 'reprocess' && isStill && run.failed > 0 ? (['retry'] as const) : []),
    ...(state === 'complete' || state === 'cancelled' ? [] : (['cancel'] as const)),
  ]
}

function isPaced({ kind, state }: RunDetail): boolean {
  return kind === 'reprocess' && !ENDED.has(state)
}

/** What it acts on, in numbers. */
function questionOf(act: Act, run: RunDetail): string {
  const { questions } = words.value.runs
  const photos = number(run.done)
  switch (act) {
    case 'rollback':
      return questions.rollback(photos, String(run.id), time(run.createdAt))
    case 'finish':
      return questions.finish(photos)
    case 'retry':
      return questions.retry(number(run.failed))
    default:
      return questions.cancel(number(run.left), photos)
  }
}
