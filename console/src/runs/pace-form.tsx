import type { Run, RunDetail } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { useAct } from '../parts/use-act.ts'
import { Why } from '../parts/why.tsx'
import { client } from '../session.ts'
import { words } from '../words/words.ts'
import { Amount } from './form-fields.tsx'
import { unlessChanged } from './unless-changed.ts'

type PaceFormProps = {
  run: RunDetail
  onRun: (run: Run) => void
  onChanged: () => void
  onClose: () => void
}

/** Slower, faster, or what live traffic leaves. */
export function PaceForm({ run, onRun, onChanged, onClose }: PaceFormProps) {
  const { runs: said, common } = words.value
  const [rate, setRate] = useState(run.pace?.rate ?? null)
  const [share, setShare] = useState(run.pace?.share ?? null)
  const { isBusy, problem, act } = useAct()
  const change = async (event: Event) => {
    event.preventDefault()
    await act(async () => {
      const next = await unlessChanged(client.operator.runs.changePace(run, { rate, share }), onChanged)
      if (next !== null) onRun(next)
      onClose()
    })
  }
  return (
    <Dialog title={said.changePace} onClose={onClose}>
      <form class="run-form" onSubmit={change}>
        <p class="soft">{said.paceMeans}</p>
        <Amount title={said.rateLimit} value={rate} onValue={setRate} min={0.01} max={100_000} />
        <Amount title={said.shareLimit} value={share} onValue={setShare} min={0.1} max={100} />
        <Why why={problem} />
        <div class="dialog-acts">
          <button type="button" class="button" onClick={onClose}>
            {common.cancel}
          </button>
          <button type="submit" class="button main" disabled={isBusy}>
            {said.keep}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
