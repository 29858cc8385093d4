import type { Signal } from '@preact/signals'
import type { Photo } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { NO_EFFECTS } from '../../../src/photo/look/effects.ts'
import { refresh } from '../photos/kept-photos.ts'
import { percent } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { LookCanvas } from './look-canvas.tsx'
import { type LookChoice, lookOf } from './look-choice.ts'
import { type Pictures, picturesOf } from './plain-pictures.ts'

type StageProps = { photo: Photo; pictures: Pictures; choice: LookChoice; hundredths: Signal<number> }

/**
 * The photo without the look and with it, and a divider between. It is left to right in every language, as pictures are. When the
 * photo has the very look that is chosen, what Darkroom made lies over what was drawn here.
 */
export function Stage({ photo, pictures, choice, hundredths }: StageProps) {
  const { looks, common } = words.value
  const [split, setSplit] = useState(50)
  const [problem, setProblem] = useState<string | null>(null)
  const strength = hundredths.value / 100
  const look = lookOf(photo)
  const isApplied = look?.filter === choice.name && look.strength === strength && photo.wanted === null
  const made = isApplied ? picturesOf(photo)?.large : undefined
  const { width, height } = photo.original
  const { vignette, grain } = choice
  const picture = pictures.large
  useEffect(() => setProblem(null), [picture, choice.table])

  if (problem !== null)
    return (
      <div class="preview-failed">
        <p class="bad" role="alert">
          {common.failed(problem)}
        </p>
        <button
          type="button"
          class="button"
          onClick={() => {
            refresh(photo.id)
            setProblem(null)
          }}
        >
          {common.retry}
        </button>
      </div>
    )
  return (
    <figure
      class="preview"
      dir="ltr"
      style={{ '--split': `${split}%`, '--ratio': width && height ? width / height : 1 }}
    >
      <LookCanvas
        drawing={{ picture, table: null, ...NO_EFFECTS, strength: 1, isUrgent: true }}
        onFailed={setProblem}
      />
      {choice.table !== null && (
        <>
          <div class="preview-after">
            <LookCanvas
              drawing={{ picture, table: choice.table, vignette, grain, strength, isUrgent: true }}
              onFailed={setProblem}
            />
            {made !== undefined && <Made url={made} />}
          </div>
          <span class="preview-word" aria-hidden="true">
            {looks.before}
          </span>
          <span class="preview-word is-after" aria-hidden="true">
            {looks.after}
          </span>
          <span class="preview-line" aria-hidden="true" />
          <input
            class="preview-divider"
            type="range"
            min={0}
            max={100}
            value={split}
            aria-label={looks.divider}
            aria-valuetext={looks.divided(percent(split / 100))}
            onInput={({ currentTarget }) => setSplit(currentTarget.valueAsNumber)}
          />
        </>
      )}
      <figcaption class="unseen">{photo.alt ?? choice.title}</figcaption>
    </figure>
  )
}

/** What Darkroom made, once it can be shown in one go. */
function Made({ url }: { url: string }) {
  const image = useRef<HTMLImageElement>(null)
  const [isDecoded, setDecoded] = useState(false)
  useEffect(() => {
    setDecoded(false)
    image.current?.decode().then(
      () => setDecoded(true),
      () => {},
    )
  }, [url])
  return <img ref={image} class={isDecoded ? 'is-painted' : ''} src={url} alt="" decoding="async" />
}
