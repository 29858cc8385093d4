import { signal } from '@preact/signals'
import type { Filter, UploadFields } from 'darkroom-client'
import { useEffect, useId, useState } from 'preact/hooks'
import { client } from '../session.ts'
import { percent } from '../words/amounts.ts'
import { words } from '../words/words.ts'

/** What those get that are added next. */
export const nextFields = signal<UploadFields>({ visibility: 'public' })

function change(fields: UploadFields): void {
  nextFields.value = { ...nextFields.value, ...fields }
}

export function Fields() {
  const text = words.value.develop
  const { filter, strength = 1, visibility, alt = '' } = nextFields.value
  const [looks, setLooks] = useState<readonly Filter[]>([])
  const id = useId()
  useEffect(() => {
    client.filters().then(setLooks, () => {})
  }, [])
  const choose = (name: string) =>
    change(name ? { filter: name, strength } : { filter: undefined, strength: undefined })
  return (
    <fieldset class="next">
      <legend class="unseen">{text.next}</legend>
      <div>
        <label for={`${id}look`}>{text.look}</label>
        <select
          id={`${id}look`}
          value={filter ?? ''}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          <option value="">{text.noLook}</option>
          {looks.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for={`${id}strength`}>
          {text.strength} <span class="numbers soft">{percent(strength)}</span>
        </label>
        <input
          id={`${id}strength`}
          type="range"
          min="0"
          max="1"
          step="0.01"
          value={strength}
          disabled={!filter}
          onInput={({ currentTarget }) => change({ strength: Number(currentTarget.value) })}
        />
      </div>
      <div>
        <label for={`${id}visibility`}>{text.visibility}</label>
        <select
          id={`${id}visibility`}
          value={visibility}
          onChange={({ currentTarget }) =>
            change({ visibility: currentTarget.value as 'public' | 'private' })
          }
        >
          <option value="public">{text.public}</option>
          <option value="private">{text.private}</option>
        </select>
      </div>
      <div class="alt">
        <label for={`${id}alt`}>{text.alt}</label>
        <input
          id={`${id}alt`}
          class="field"
          maxLength={2000}
          placeholder={text.altHint}
          value={alt}
          onInput={({ currentTarget }) => change({ alt: currentTarget.value || undefined })}
        />
      </div>
    </fieldset>
  )
}
