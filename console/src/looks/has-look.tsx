import type { Filter, Photo } from 'darkroom-client'
import { Why } from '../parts/why.tsx'
import { Picture } from '../photos/picture.tsx'
import { session } from '../session.ts'
import { percent } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { type Look, lookOf } from './look-choice.ts'
import { useLookChange } from './use-look-change.ts'

type HasLookProps = { photo: Photo; filters: readonly Filter[]; onTakeOff: (look: Look) => void }

/** A photo whose pictures have a look in them: others can be tried when it is shown without one. */
export function HasLook({ photo, filters, onTakeOff }: HasLookProps) {
  const { looks } = words.value
  const { change, problem, isAsking } = useLookChange(photo)
  const look = lookOf(photo)
  const title = filters.find(({ name }) => name === look?.filter)?.title ?? look?.filter ?? ''
  const isOwner = session.value.kind === 'in' && session.value.owner === photo.owner
  const isChanging = isAsking || photo.wanted !== null
  const takeOff = () => {
    onTakeOff(look)
    change(null)
  }
  return (
    <div class="has-look">
      <Picture photo={photo} sizes="(width < 40rem) 100vw, 40rem" isUrgent />
      <div class="has-look-words">
        <p>{looks.hasLook(title, percent(look?.strength ?? 1))}</p>
        {isOwner ? (
          <>
            <p class="soft">{looks.tryOthers}</p>
            <button type="button" class="button main" disabled={isChanging} onClick={takeOff}>
              {isChanging ? looks.takingOff : looks.showPlain}
            </button>
          </>
        ) : (
          <p class="soft">{looks.ownersOnly}</p>
        )}
        <Why why={problem} />
      </div>
    </div>
  )
}
