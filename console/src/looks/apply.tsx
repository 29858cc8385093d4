import type { Signal } from '@preact/signals'
import type { Photo } from 'darkroom-client'
import { Why } from '../parts/why.tsx'
import { percent } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { isSameLook, type Look, type LookChoice, lookOf } from './look-choice.ts'
import { useLookChange } from './use-look-change.ts'

type ApplyProps = {
  photo: Photo
  choice: LookChoice
  choices: readonly LookChoice[]
  hundredths: Signal<number>
  onChoose: (name: string) => void
}

/** Gives the photo the look that is chosen, takes the last change back, and tells how that goes. */
export function Apply({ photo, choice, choices, hundredths, onChoose }: ApplyProps) {
  const { looks } = words.value
  const { change, isAsking, problem, former } = useLookChange(photo)
  const asked: Look = choice.table === null ? null : { filter: choice.name, strength: hundredths.value / 100 }
  const shown = lookOf(photo)
  const wanted = photo.wanted ? lookOf(photo.wanted) : undefined
  const isAsked = isSameLook(asked, wanted === undefined ? shown : wanted)
  const told = (look: Look) =>
    look === null
      ? looks.none
      : looks.named(
          choices.find(({ name }) => name === look.filter)?.title ?? look.filter,
          percent(look.strength),
        )
  const undo = (look: Look) => {
    onChoose(look?.filter ?? '')
    hundredths.value = Math.round((look?.strength ?? 1) * 100)
    change(look)
  }
  return (
    <div class="apply">
      <button
        type="button"
        class="button main"
        disabled={isAsked || isAsking || choice.file !== null}
        onClick={() => change(asked)}
      >
        {asked === null && shown !== null ? looks.takeOff : looks.apply}
      </button>
      {former !== undefined && !isSameLook(former, wanted === undefined ? shown : wanted) && (
        <button type="button" class="button" disabled={isAsking} onClick={() => undo(former)}>
          {looks.undo(told(former))}
        </button>
      )}
      <p class="small soft">
        {wanted !== undefined
          ? looks.beingMade(told(wanted))
          : choice.file !== null
            ? looks.onlyHere
            : shown === null
              ? looks.photoHasNone
              : looks.photoHas(told(shown))}
      </p>
      <Why why={problem} />
    </div>
  )
}
