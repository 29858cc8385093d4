import type { Problem } from 'darkroom-client'
import { useEffect, useId, useState } from 'preact/hooks'
import { FILTER_NAME_PATTERN, filterNameOf, MAX_FILTER_NAME } from '../../../src/photo/look/filter.ts'
import { Dialog } from '../parts/dialog.tsx'
import { say } from '../parts/say.tsx'
import { client } from '../session.ts'
import { words } from '../words/words.ts'
import { dropped, type LookChoice } from './look-choice.ts'

type KeepLookProps = { choice: LookChoice; onChoose: (name: string) => void; onKept: () => void }

/** For operators: a look of a file is kept for everybody, and one that is kept is so no more. */
export function KeepLook({ choice, onChoose, onKept }: KeepLookProps) {
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => setProblem(null), [choice.name])
  const act = (acting: Promise<unknown>, name: string, told: string) => {
    setProblem(null)
    acting.then(
      () => {
        onKept()
        onChoose(name)
        say(told)
      },
      (error: Problem) => setProblem(error.message),
    )
  }
  const { looks, common } = words.value
  const { file } = choice
  const keep = (name: string) => {
    if (!file) return
    const kept = client.operator.keepFilter(name, new TextEncoder().encode(file.text)).then(() => {
      dropped.value = dropped.value.filter((other) => other !== choice)
    })
    act(kept, name, looks.kept(name))
  }
  const remove = () => act(client.operator.removeFilter(choice.name), '', looks.removed(choice.title))
  return (
    <>
      {file && <KeepForm key={choice.name} name={filterNameOf(file.name)} onKeep={keep} />}
      {choice.isKept && <Removal title={choice.title} onRemove={remove} />}
      {problem !== null && (
        <p class="bad small" role="alert">
          {common.failed(problem)}
        </p>
      )}
    </>
  )
}

function KeepForm({ name: first, onKeep }: { name: string; onKeep: (name: string) => void }) {
  const { looks } = words.value
  const [name, setName] = useState(first)
  const id = useId()
  return (
    <form
      class="keep-look"
      onSubmit={(event) => {
        event.preventDefault()
        onKeep(name)
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
      <button type="submit" class="button main">
        {looks.keep}
      </button>
    </form>
  )
}

function Removal({ title, onRemove }: { title: string; onRemove: () => void }) {
  const { looks, common } = words.value
  const [isAsked, setAsked] = useState(false)
  const close = () => setAsked(false)
  return (
    <>
      <button type="button" class="button danger" onClick={() => setAsked(true)}>
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
                onRemove()
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
