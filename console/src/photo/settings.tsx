import type { Photo } from 'darkroom-client'
import { useEffect, useState } from 'preact/hooks'
import { MAX_ALT } from '../../../src/photo/alt.ts'
import { Dialog } from '../parts/dialog.tsx'
import { say } from '../parts/say.tsx'
import { type Act, useAct } from '../parts/use-act.ts'
import { Why } from '../parts/why.tsx'
import { keepGone } from '../photos/kept-photos.ts'
import { goBack } from '../route.ts'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { useChange } from './use-change.ts'

/** What its owner says of a photo, and takes away. */
export function Settings({ photo }: { photo: Photo }) {
  return (
    <section class="settings" aria-label={words.value.photo.settings}>
      <Visibility photo={photo} />
      <Alt photo={photo} />
      <Delete photo={photo} />
    </section>
  )
}

function Visibility({ photo }: { photo: Photo }) {
  const t = words.value.photo
  const { isBusy, problem, save } = useChange(photo)
  const [wished, setWished] = useState(photo.visibility)
  useEffect(() => setWished(photo.visibility), [photo.visibility])
  const choose = async (visibility: Photo['visibility']) => {
    setWished(visibility)
    if (!(await save({ visibility }, t.visibilitySaved[visibility]))) setWished(photo.visibility)
  }
  return (
    <div class="setting">
      <fieldset class="choices">
        <legend>{t.visibility}</legend>
        {(['public', 'private'] as const).map((visibility) => (
          <label key={visibility}>
            <input
              type="radio"
              name="visibility"
              checked={wished === visibility}
              disabled={isBusy}
              onChange={() => void choose(visibility)}
            />
            <span>{t.visibilities[visibility]}</span>
          </label>
        ))}
      </fieldset>
      <p class="small soft">{t.visibilityMeans[wished]}</p>
      <Outcome isBusy={isBusy} problem={problem} />
    </div>
  )
}

function Alt({ photo }: { photo: Photo }) {
  const t = words.value.photo
  const { isBusy, problem, isSaved, save } = useChange(photo)
  const [text, setText] = useState(photo.alt ?? '')
  const [kept, setKept] = useState(photo.alt)
  // Changed elsewhere: it is shown, unless something else is being written here.
  useEffect(() => {
    if (photo.alt === kept) return
    if (text === (kept ?? '')) setText(photo.alt ?? '')
    setKept(photo.alt)
  }, [photo.alt])
  const length = [...text].length
  const isChanged = text !== (photo.alt ?? '')
  const canSave = isChanged && length <= MAX_ALT && !isBusy
  const submit = (event: Event) => {
    event.preventDefault()
    if (canSave) void save({ alt: text === '' ? null : text }, t.altSaved)
  }
  return (
    <form class="setting" onSubmit={submit}>
      <label for="alt">{t.alt}</label>
      <textarea
        id="alt"
        class="field"
        rows={3}
        value={text}
        aria-describedby="alt-count"
        aria-invalid={length > MAX_ALT}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
        }}
      />
      <div class="setting-foot">
        <span id="alt-count" class={`small numbers ${length > MAX_ALT ? 'bad' : 'soft'}`}>
          {t.altCount(number(length), number(MAX_ALT))}
        </span>
        <button type="submit" class="button small" disabled={!canSave}>
          {t.save}
        </button>
      </div>
      <Outcome isBusy={isBusy} problem={problem} {...(isSaved && !isChanged && { saved: t.altSaved })} />
    </form>
  )
}

/** What came of a change; in a place of its own, so that nothing moves. */
function Outcome({ isBusy, problem, saved }: Pick<Act, 'isBusy' | 'problem'> & { saved?: string }) {
  return (
    <div class="small outcome">
      {isBusy && <span class="soft">{words.value.photo.saving}</span>}
      {saved && <span class="good">{saved}</span>}
      <Why why={problem} />
    </div>
  )
}

/** Deletes it when that was confirmed, and goes back to where its viewer came from. */
export function Delete({ photo }: { photo: Photo }) {
  const t = words.value
  const [isAsked, setAsked] = useState(false)
  const { isBusy, problem, act } = useAct()
  const remove = () =>
    act(async () => {
      await client.delete(photo.id)
      say(t.photo.deleted)
      goBack()
      keepGone(photo.id)
    })
  return (
    <div class="setting">
      <div>
        <button type="button" class="button danger small" onClick={() => setAsked(true)}>
          {t.photo.delete}
        </button>
      </div>
      {isAsked && (
        <Dialog title={t.photo.deleteTitle} onClose={() => setAsked(false)}>
          <form method="dialog" class="ask">
            <p>{t.photo.deleteMeans}</p>
            <Outcome isBusy={isBusy} problem={problem} />
            <div class="ask-buttons">
              <button type="submit" class="button">
                {t.common.cancel}
              </button>
              <button type="button" class="button danger" disabled={isBusy} onClick={() => void remove()}>
                {t.photo.deleteNow}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </div>
  )
}
