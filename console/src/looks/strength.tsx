import type { Signal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { percent } from '../words/amounts.ts'
import { words } from '../words/words.ts'

/** In hundredths, as Darkroom counts it; none at all would be no look. */
export function Strength({ hundredths, isOff }: { hundredths: Signal<number>; isOff: boolean }) {
  const id = useId()
  const text = percent(hundredths.value / 100)
  return (
    <div class="strength">
      <label for={id}>{words.value.looks.strength}</label>
      <input
        id={id}
        type="range"
        min={1}
        max={100}
        value={hundredths.value}
        disabled={isOff}
        aria-valuetext={text}
        onInput={({ currentTarget }) => {
          hundredths.value = currentTarget.valueAsNumber
        }}
      />
      <output class="numbers" for={id}>
        {isOff ? '–' : text}
      </output>
    </div>
  )
}
