import { useId, useState } from 'preact/hooks'
import { FILTER_NAME_PATTERN, filterNameOf, MAX_FILTER_NAME } from '../../../src/photo/look/filter.ts'
import { Dialog } from '../parts/dialog.tsx'
import { say } from '../parts/say.tsx'
import { useAct } from '../parts/use-act.ts'
import { Why } from '../parts/why.tsx'
import { client } from '../session.ts'
import { words } from '../words/words.ts'
import { dropped, type LookChoice } from './look-choice.ts'

type KeepLookProps = { choice: LookChoice; onChoose: (name: string) => void; onKept: () => Promise<void> }

/** For operators: a look of a file is kept for everybody, and one that is kept is so no more. */
export function KeepLook({ choice, onChoose, onKept }: KeepLookProps) {
  const { isBusy, problem, act } = useAct()
  const { looks } = words.value
  const { file } = choice
  /** When it is known that it is there, or is no more: a look that is not there could not be chosen. */
  const show = async (name: string, told: string) => {
    await onKept()
    onChoose(name)
    say(told)
  }
  const keep = (name: string) =>
    act(async () => {
      if (!file) return
      await client.operator.keepFilter(name, new TextEncoder().encode(file.text))
      await show(name, looks.kept(name))
      dropped.value = dropped.value.filter((other) => other !== choice)
    })
  const remove = () =>
    act(async () => {
      await client.operator.removeFilter(choice.name)
      await show('', looks.removed(choice.title))
    })
  return (
    <>
      {file && <KeepForm key={choice.name} name={filterNameOf(file.name)} isBusy={isBusy} onKeep={keep} />}
      {choice.isKept && <Removal title={choice.title} isBusy={isBusy} onRemove={remove} />}
      <Why why={problem} />
    </>
  )
}

type KeepFormProps = { name: string; isBusy: boolean; onKeep: (name: string) => Promise<unknown> }

function KeepForm({ name: first, isBusy, onKeep }: KeepFormProps) {
  const { looks } = words.value
  const [name, setName] = useState(first)
  const id = useId()
  return (
    <form
      class="keep-look"
      onSubmit={(event) => {
        event.preventDefault()
        void onKeep(name)
      }}
    >
      <label for={id}>{looks.keepAs}</label>
      <input
        id={id}
        class="field"
        value={name}
        required
        pattern={FILTER_NAME_PATTERN}
        maxLength={MAX_FILTER_NAME}
        title={looks.nameRule}
        autocomplete="off"
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <button type="submit" class="button main" disabled={isBusy}>
        {looks.keep}
      </button>
    </form>
  )
}

type RemovalProps = { title: string; isBusy: boolean; onRemove: () => Promise<unknown> }

function Removal({ title, isBusy, onRemove }: RemovalProps) {
  const { looks, common } = words.value
  const [isAsked, setAsked] = useState(false)
  const close = () => setAsked(false)
  return (
    <>
      <button type="button" class="button danger" disabled={isBusy} onClick={() => setAsked(true)}>
        {looks.remove(title)}
      </button>
      {isAsked && (
        <Dialog title={looks.remove(title)} onClose={close}>
          <p>{looks.removeMeans}</p>
          <p class="keep-look">
            <button
              type="button"
              class="button danger"
              onClick={() => {
                close()
                void onRemove()
              }}
            >
              {looks.remove(title)}
            </button>
            <button type="button" class="button" onClick={close}>
              {common.cancel}
            </button>
          </p>
        </Dialog>
      )}
    </>
  )
}
