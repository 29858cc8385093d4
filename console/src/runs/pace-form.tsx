import { Problem, type Run, type RunDetail } from 'darkroom-client'
import { useId, useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { client } from '../session.ts'
import { words } from '../words/words.ts'

type PaceFormProps = {
  run: RunDetail
  onRun: (run: Run) => void
  onProblem: (problem: Problem) => void
  onClose: () => void
}

/** Slower, faster, or what live traffic leaves. */
export function PaceForm({ run, onRun, onProblem, onClose }: PaceFormProps) {
  const { runs: said, common } = words.value
  const [rate, setRate] = useState(run.pace?.rate ?? null)
  const [share, setShare] = useState(run.pace?.share ?? null)
  const [why, setWhy] = useState<string | null>(null)
  const change = async (event: Event) => {
    event.preventDefault()
    try {
      onRun(await client.operator.runs.changePace(run, { rate, share }))
      onClose()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      onProblem(error)
      if (error.code === 'run_changed') onClose()
      else setWhy(error.message)
    }
  }
  return (
    <Dialog title={said.changePace} onClose={onClose}>
      <form class="run-form" onSubmit={change}>
        <p class="soft">{said.paceMeans}</p>
        <Amount title={said.rateLimit} value={rate} onValue={setRate} min={0.01} max={100_000} />
        <Amount title={said.shareLimit} value={share} onValue={setShare} min={0.1} max={100} />
        {why !== null && <p class="bad">{common.failed(why)}</p>}
        <div class="dialog-acts">
          <button type="button" class="button" onClick={onClose}>
            {common.cancel}
          </button>
          <button type="submit" class="button main">
            {said.keep}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

type AmountProps = {
  title: string
  value: number | null
  onValue: (value: number | null) => void
  min: number
  max: number
  /** Any, unless given. */
  step?: number
}

/** A number, or none. */
export function Amount({ title, value, onValue, min, max, step }: AmountProps) {
  const id = useId()
  return (
    <div class="run-field">
      <label for={id}>{title}</label>
      <input
        id={id}
        class="field numbers"
        type="number"
        min={min}
        max={max}
        step={step ?? 'any'}
        value={value ?? ''}
        onInput={({ currentTarget }) =>
          onValue(currentTarget.value === '' ? null : currentTarget.valueAsNumber)
        }
      />
    </div>
  )
}
