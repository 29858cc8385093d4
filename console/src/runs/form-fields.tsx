import { useId } from 'preact/hooks'

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

type TextProps = { title: string; isDate?: boolean; value: string; onValue: (value: string) => void }

/** Words, or a date. */
export function Text({ title, isDate = false, value, onValue }: TextProps) {
  const common = {
    id: useId(),
    class: 'field',
    value,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => onValue(currentTarget.value),
  }
  return (
    <div class="run-field">
      <label for={common.id}>{title}</label>
      {isDate ? <input {...common} type="date" /> : <input {...common} type="text" />}
    </div>
  )
}

type ChecksProps<Word extends string> = {
  title: string
  words: readonly Word[]
  checked: readonly Word[]
  onChecked: (words: Word[]) => void
}

/** Any number of these, in their order. */
export function Checks<Word extends string>({ title, words: all, checked, onChecked }: ChecksProps<Word>) {
  return (
    <fieldset class="run-checks">
      <legend class="soft small">{title}</legend>
      {all.map((word) => (
        <label key={word}>
          <input
            type="checkbox"
            checked={checked.includes(word)}
            onChange={({ currentTarget }) =>
              onChecked(
                all.filter((each) => (each === word ? currentTarget.checked : checked.includes(each))),
              )
            }
          />{' '}
          {word}
        </label>
      ))}
    </fieldset>
  )
}
