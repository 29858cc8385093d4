import type { Run, RunDetail } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { say } from '../parts/say.tsx'
import { useAct } from '../parts/use-act.ts'
import { Why } from '../parts/why.tsx'
import { go } from '../route.ts'
import { client } from '../session.ts'
import { number, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { ENDED, waitsForLook } from './pace.ts'
import { PaceForm } from './pace-form.tsx'
import { unlessChanged } from './unless-changed.ts'

type Step = 'pause' | 'resume' | 'cancel' | 'rollback' | 'finish' | 'verify' | 'retry'

/** These are asked about before, by what they act on. */
const CONFIRMED: ReadonlySet<Step> = new Set(['cancel', 'rollback', 'finish', 'retry'])
/** These begin another run, which is shown then. */
const FOLLOWS: ReadonlySet<Step> = new Set(['rollback', 'finish', 'verify', 'retry'])

type RunActsProps = {
  run: RunDetail
  onRun: (run: Run) => void
  /** Told when somebody else has steered it meanwhile: nothing was done. */
  onChanged: () => void
}

/** What can be done with a run, as it is. */
export function RunActs({ run, onRun, onChanged }: RunActsProps) {
  const { runs: said, common } = words.value
  const [asked, setAsked] = useState<Step | 'pace' | null>(null)
  const { isBusy, problem, act } = useAct()

  const begin = async (what: Step) => {
    setAsked(null)
    await act(async () => {
      const next = await unlessChanged(client.operator.runs[what](run), onChanged)
      if (next === null) return
      say(said.acted[what])
      if (FOLLOWS.has(what)) go('runs', String(next.id))
      else onRun(next)
    })
  }
  const ask = (what: Step) => (CONFIRMED.has(what) ? setAsked(what) : void begin(what))
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
          onClick={() => ask(what)}
        >
          {what === 'resume' && waitsForLook(run) ? said.goOn : said.act[what]}
        </button>
      ))}
      {isPaced(run) && (
        <button type="button" class="button" disabled={isBusy} onClick={() => setAsked('pace')}>
          {said.changePace}
        </button>
      )}
      <Why why={problem} />
      {asked === 'pace' && (
        <PaceForm run={run} onRun={onRun} onChanged={onChanged} onClose={() => setAsked(null)} />
      )}
      {asked !== null && asked !== 'pace' && (
        <Dialog title={said.act[asked]} onClose={() => setAsked(null)}>
          <p>{questionOf(asked, run)}</p>
          <div class="dialog-acts">
            <button type="button" class="button" onClick={() => setAsked(null)}>
              {common.back}
            </button>
            <button type="button" class="button main" onClick={() => void begin(asked)}>
              {said.act[asked]}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  )
}

function actsOn(run: RunDetail): Step[] {
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
function questionOf(act: Step, run: RunDetail): string {
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
