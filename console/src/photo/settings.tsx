import type { Photo } from 'darkroom-client'
import { useEffect, useState } from 'preact/hooks'
import { MAX_ALT } from '../../../src/photo/alt.ts'
import { Dialog } from '../parts/dialog.tsx'
import { say } from '../parts/say.tsx'
import { keepGone } from '../photos/kept-photos.ts'
import { goBack } from '../route.ts'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { type Saving, useChange } from './use-change.ts'

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
  const [saving, save] = useChange(photo)
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
              disabled={saving.kind === 'saving'}
              onChange={() => void choose(visibility)}
            />
            <span>{t.visibilities[visibility]}</span>
          </label>
        ))}
      </fieldset>
      <p class="small soft">{t.visibilityMeans[wished]}</p>
      <Outcome saving={saving} saved="" />
    </div>
  )
}

function Alt({ photo }: { photo: Photo }) {
  const t = words.value.photo
  const [saving, save] = useChange(photo)
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
  const canSave = isChanged && length <= MAX_ALT && saving.kind !== 'saving'
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
      <Outcome
        saving={isChanged && saving.kind === 'saved' ? { kind: 'at-rest' } : saving}
        saved={t.altSaved}
      />
    </form>
  )
}

function Outcome({ saving, saved }: { saving: Saving; saved: string }) {
  const t = words.value
  return (
    <p class="small outcome">
      {saving.kind === 'saving' && <span class="soft">{t.photo.saving}</span>}
      {saving.kind === 'saved' && <span class="good">{saved}</span>}
      {saving.kind === 'failed' && (
        <span class="bad" role="alert">
          {t.common.failed(saving.why)}
        </span>
      )}
    </p>
  )
}

/** Deletes it when that was confirmed, and goes back to where its viewer came from. */
export function Delete({ photo }: { photo: Photo }) {
  const t = words.value
  const [isAsked, setAsked] = useState(false)
  const [saving, setSaving] = useState<Saving>({ kind: 'at-rest' })
  const remove = async () => {
    setSaving({ kind: 'saving' })
    try {
      await client.delete(photo.id)
    } catch (error) {
      setSaving({ kind: 'failed', why: (error as Error).message })
      return
    }
    say(t.photo.deleted)
    goBack()
    keepGone(photo.id)
  }
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
            <Outcome saving={saving} saved={t.photo.deleted} />
            <div class="ask-buttons">
              <button type="submit" class="button">
                {t.common.cancel}
              </button>
              <button
                type="button"
                class="button danger"
                disabled={saving.kind === 'saving'}
                onClick={() => void remove()}
              >
                {t.photo.deleteNow}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </div>
  )
}
