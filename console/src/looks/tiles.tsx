import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { words } from '../words/words.ts'
import { LookCanvas } from './look-canvas.tsx'
import type { LookChoice } from './look-choice.ts'

type TilesProps = {
  choices: readonly LookChoice[]
  picture: string
  /** The photo's, until something is drawn. */
  color: string | null
  chosen: string
  onChoose: (name: string) => void
}

/** All looks on the photo, each in full: one choice of many, which arrow keys go through. */
export function Tiles({ choices, picture, color, chosen, onChoose }: TilesProps) {
  return (
    <div class="look-tiles" role="radiogroup" aria-label={words.value.looks.all}>
      {choices.map((choice) => (
        <Tile
          key={choice.name}
          choice={choice}
          picture={picture}
          color={color}
          isChosen={choice.name === chosen}
          onChoose={onChoose}
        />
      ))}
    </div>
  )
}

type TileProps = {
  choice: LookChoice
  picture: string
  color: string | null
  isChosen: boolean
  onChoose: (name: string) => void
}

function Tile({ choice, picture, color, isChosen, onChoose }: TileProps) {
  const { name, title, description, table, vignette, grain } = choice
  const tile = useRef<HTMLDivElement>(null)
  const isSeen = useSeen(tile)
  const id = useId()
  return (
    <div class="look-tile" ref={tile} title={description}>
      <label>
        <input
          type="radio"
          class="unseen"
          name="look"
          value={name}
          checked={isChosen}
          aria-describedby={id}
          onChange={() => onChoose(name)}
        />
        <span class="look-picture" style={{ background: color ?? undefined }}>
          {isSeen && (
            <LookCanvas drawing={{ picture, table, vignette, grain, strength: 1, isUrgent: false }} />
          )}
        </span>
        <span class="look-name">{title}</span>
      </label>
      <span class="unseen" id={id}>
        {description}
      </span>
    </div>
  )
}

/** Those that wait to be seen: one observer tells of them in their order. */
const unseen = new Map<Element, () => void>()
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) unseen.get(target)?.()
  },
  { rootMargin: '200px' },
)

/** Whether it was on the screen, or close to it. */
function useSeen(ref: { current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const forget = () => {
      observer.unobserve(element)
      unseen.delete(element)
    }
    unseen.set(element, () => {
      forget()
      setSeen(true)
    })
    observer.observe(element)
    return forget
  }, [])
  return isSeen
}
