import { useSignal } from '@preact/signals'
import type { Filter, Photo } from 'darkroom-client'
import { NO_EFFECTS } from '../../../src/photo/look/effects.ts'
import { session } from '../session.ts'
import { words } from '../words/words.ts'
import { Apply } from './apply.tsx'
import { choiceOf, dropped, type Look, type LookChoice, lookOf } from './look-choice.ts'
import { OwnTables } from './own-tables.tsx'
import type { Pictures } from './plain-pictures.ts'
import { Stage } from './stage.tsx'
import { Strength } from './strength.tsx'
import { Tiles } from './tiles.tsx'

type TryLooksProps = {
  photo: Photo
  /** What is chosen at first, of a photo that has no look. */
  first: Look
  pictures: Pictures
  filters: readonly Filter[]
  /** There is another look than there was, or one less. */
  onKept: () => Promise<void>
}

/** Looks drawn here, to the bit as Darkroom would. */
export function TryLooks({ photo, first, pictures, filters, onKept }: TryLooksProps) {
  const { looks } = words.value
  const begun = lookOf(photo.wanted ?? photo) ?? first
  const chosen = useSignal(begun?.filter ?? '')
  const hundredths = useSignal(Math.round((begun?.strength ?? 1) * 100))
  const none: LookChoice = {
    name: '',
    title: looks.none,
    description: looks.noneMeans,
    table: null,
    ...NO_EFFECTS,
    file: null,
    isKept: false,
  }
  const choices = [none, ...dropped.value, ...filters.map(choiceOf)]
  const choice = choices.find(({ name }) => name === chosen.value) ?? none
  const isOwner = session.value.kind === 'in' && session.value.owner === photo.owner
  const choose = (name: string) => {
    chosen.value = name
  }
  return (
    <div class="looks">
      <div class="looks-large">
        <Stage photo={photo} pictures={pictures} choice={choice} hundredths={hundredths} />
        <Strength hundredths={hundredths} isOff={choice.table === null} />
        {isOwner ? (
          <Apply photo={photo} choice={choice} choices={choices} hundredths={hundredths} onChoose={choose} />
        ) : (
          <p class="soft small">{looks.ownersOnly}</p>
        )}
      </div>
      <div class="looks-all">
        <Tiles
          choices={choices}
          picture={pictures.small}
          color={photo.color}
          chosen={choice.name}
          onChoose={choose}
        />
        <OwnTables choice={choice} onChoose={choose} onKept={onKept} />
      </div>
    </div>
  )
}
