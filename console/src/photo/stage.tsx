import type { Photo } from 'darkroom-client'
import { useState } from 'preact/hooks'
import type { Point } from '../../../src/photo/fit.ts'
import { Picture } from '../photos/picture.tsx'
import { wholePresets } from '../photos/whole-presets.ts'
import { percent } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import type { FocusChange } from './use-focus.ts'

/** Beyond these a photo is scrolled through rather than shown at a size at which nothing is seen. */
const TALLEST = 0.45
const WIDEST = 4
const STEP = 0.01
const LEAP = 0.1

type StageProps = {
  photo: Photo
  moves: boolean
  /** Null for those who may not move it. */
  focus: FocusChange | null
}

/** The photo, as large as there is room for. A click on it, or the arrow keys, say what crops keep in sight. */
export function Stage({ photo, moves, focus }: StageProps) {
  const { width, height } = photo.original
  const ratio = width && height ? width / height : 4 / 3
  const shape = ratio < TALLEST ? 'is-tall' : ratio > WIDEST ? 'is-wide' : ''
  const point = ({ clientX, clientY, currentTarget }: MouseEvent) => {
    const box = (currentTarget as HTMLElement).getBoundingClientRect()
    focus?.set({ x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height })
  }
  return (
    <div class={`stage ${shape}`}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the marker in it does the same by keys. */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the marker in it does the same by keys. */}
      <div
        class={`stage-picture ${focus ? 'takes-focus' : ''}`}
        style={{ '--ratio': String(ratio), '--pixels': `${width ?? 4000}px` }}
        onClick={focus ? point : undefined}
      >
        <Exchanged photo={photo} moves={moves} />
        {focus && <Marker {...focus} />}
      </div>
    </div>
  )
}

/** When there are other pictures of the photo, those before stay until a new one can be seen. */
function Exchanged({ photo, moves }: { photo: Photo; moves: boolean }) {
  const [loaded, setLoaded] = useState<Photo | null>(null)
  const isNew = loaded !== null && picturesOf(loaded) !== picturesOf(photo)
  return (
    <div class={`exchanged ${loaded ? 'is-loaded' : ''}`} onLoadCapture={() => setLoaded(photo)}>
      {(isNew ? [loaded, photo] : [photo]).map((one) => (
        <Picture
          key={picturesOf(one)}
          photo={one}
          sizes="(min-width: 64rem) 62vw, 100vw"
          presets={moves ? movingPresets(one) : wholePresets(one)}
          isUrgent
        />
      ))}
    </div>
  )
}

function Marker({ focus, set }: FocusChange) {
  const { focusLabel, focusAt, focusNone } = words.value.photo
  const { x, y } = focus ?? { x: 0.5, y: 0.5 }
  const move = (event: KeyboardEvent) => {
    const next = movedBy(event, { x, y })
    if (next === undefined) return
    event.preventDefault()
    set(next, { isMoving: true })
  }
  return (
    <div
      class={`marker ${focus ? '' : 'is-unset'}`}
      role="slider"
      tabIndex={0}
      aria-label={focusLabel}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(x * 100)}
      aria-valuetext={focus ? focusAt(percent(round(x)), percent(round(y))) : focusNone}
      style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
      onKeyDown={move}
    />
  )
}

/** Arrow keys move it, with Shift further; Delete takes it away. `undefined` for other keys. */
function movedBy({ key, shiftKey }: KeyboardEvent, { x, y }: Point): Point | null | undefined {
  const step = shiftKey ? LEAP : STEP
  switch (key) {
    case 'ArrowLeft':
      return { x: x - step, y }
    case 'ArrowRight':
      return { x: x + step, y }
    case 'ArrowUp':
      return { x, y: y - step }
    case 'ArrowDown':
      return { x, y: y + step }
    case 'Delete':
    case 'Backspace':
      return null
    default:
      return undefined
  }
}

/** Those in which it moves. */
function movingPresets({ renditions }: Photo): string[] {
  return renditions.filter(({ format }) => format === 'webp').map(({ preset }) => preset)
}

/** Another look, focus or place of the photo has other ones; what comes later in AVIF is of the same. */
function picturesOf({ renditions }: Photo): string {
  return renditions
    .filter(({ format }) => format !== 'avif')
    .map(({ url }) => url?.split('?')[0])
    .join()
}

function round(share: number): number {
  return Math.round(share * 100) / 100
}
