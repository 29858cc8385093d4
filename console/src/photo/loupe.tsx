import './loupe.css'
import { type Photo, renditionUrl } from 'darkroom-client'
import { useState } from 'preact/hooks'
import type { Point, Size } from '../../../src/photo/fit.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import type { MadeRendition } from './expected.ts'
import { dragged, heldIn, matchingScale, type Part, type Shown } from './loupe-geometry.ts'
import { LoupePane, useImage } from './loupe-pane.tsx'
import { nameOf } from './names.ts'

/** The names of the two renditions that are compared. */
export type Pair = { a: string; b: string }

type LoupeProps = {
  photo: Photo
  renditions: readonly MadeRendition[]
  /** What of the photo a rendition shows; null where nobody knows what the server has cut. */
  partOf: (rendition: MadeRendition) => Part | null
  pair: Pair
  onPair: (pair: Pair) => void
}

const ZOOMS = [1, 2, 4] as const
/** A tenth of what is seen, or a pixel with Shift. */
const STEP = 0.1
const WHOLE: Part = { left: 0, top: 0, width: 1, height: 1 }

/** Two renditions side by side, each of their pixels one of the screen's or more, at the same spot of the photo. */
export function Loupe({ photo, renditions, partOf, pair, onPair }: LoupeProps) {
  const t = words.value.photo
  const [zoom, setZoom] = useState<(typeof ZOOMS)[number]>(1)
  const [isMatched, setMatched] = useState(true)
  const [isFlicking, setFlicking] = useState(false)
  const [spot, setSpot] = useState<Point>(photo.focus ?? { x: 0.5, y: 0.5 })
  const [pane, setPane] = useState<Size>({ width: 1, height: 1 })

  const found = (name: string) => renditions.find((rendition) => nameOf(rendition) === name)
  const [a, b] = [found(pair.a) ?? renditions[0], found(pair.b) ?? renditions[0]]
  const pictures = { a: useImage(a && renditionUrl(a, photo)), b: useImage(b && renditionUrl(b, photo)) }
  if (!a || !b) return null
  const shown = (rendition: MadeRendition): Shown => ({
    size: rendition,
    part: partOf(rendition) ?? WHOLE,
  })
  const [first, second] = [shown(a), shown(b)]
  // The one with more pixels of the photo says how large both are.
  const isFirstFiner = matchingScale(first, second, 1) >= 1
  const scales = {
    a: isMatched && !isFirstFiner ? matchingScale(second, first, zoom) : zoom,
    b: isMatched && isFirstFiner ? matchingScale(first, second, zoom) : zoom,
  }
  const finest = isFirstFiner ? { shown: first, scale: scales.a } : { shown: second, scale: scales.b }
  const held = heldIn(finest.shown, spot, pane, finest.scale)
  const drag = (by: Point) =>
    setSpot(heldIn(finest.shown, dragged(finest.shown, held, by, finest.scale), pane, finest.scale))

  const press = (event: KeyboardEvent) => {
    const { key, shiftKey } = event
    const by = { x: shiftKey ? 1 : pane.width * STEP, y: shiftKey ? 1 : pane.height * STEP }
    const acts: Record<string, () => void> = {
      ArrowLeft: () => drag({ x: by.x, y: 0 }),
      ArrowRight: () => drag({ x: -by.x, y: 0 }),
      ArrowUp: () => drag({ x: 0, y: by.y }),
      ArrowDown: () => drag({ x: 0, y: -by.y }),
      '1': () => setZoom(1),
      '2': () => setZoom(2),
      '4': () => setZoom(4),
      f: () => setFlicking(true),
    }
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[key]
    if (!act) return
    event.preventDefault()
    act()
  }
  const side = (name: 'a' | 'b', rendition: MadeRendition, scale: number) => (
    <LoupePane
      label={t.paneOf(t.sides[name], `${rendition.preset} ${t.formats[rendition.format]}`)}
      picture={pictures[name]}
      shown={shown(rendition)}
      spot={held}
      scale={scale}
      isSharp={zoom > 1 || Number.isInteger(scale)}
      onDrag={drag}
      onSize={setPane}
    />
  )
  const isUnknown = partOf(a) === null || partOf(b) === null
  return (
    <section class="loupe" aria-labelledby="loupe">
      <h2 id="loupe">{t.loupe}</h2>
      <div class="loupe-bar">
        {(['a', 'b'] as const).map((name) => (
          <label key={name} class="small">
            {t.sides[name]}{' '}
            <select
              value={nameOf(name === 'a' ? a : b)}
              onChange={({ currentTarget }) => onPair({ ...pair, [name]: currentTarget.value })}
            >
              {renditions.map((rendition) => (
                <option key={nameOf(rendition)} value={nameOf(rendition)}>
                  {rendition.preset} {t.formats[rendition.format]} {number(rendition.width)}
                </option>
              ))}
            </select>
          </label>
        ))}
        <fieldset class="choices">
          <legend class="unseen">{t.zoom}</legend>
          {ZOOMS.map((times) => (
            <label key={times}>
              <input type="radio" name="zoom" checked={zoom === times} onChange={() => setZoom(times)} />
              <span>{number(times)}×</span>
            </label>
          ))}
        </fieldset>
        <label class="small">
          <input
            type="checkbox"
            checked={isMatched}
            onChange={({ currentTarget }) => setMatched(currentTarget.checked)}
          />{' '}
          {t.sameSize}
        </label>
        <button
          type="button"
          class="button small"
          onPointerDown={() => setFlicking(true)}
          onPointerUp={() => setFlicking(false)}
          onPointerLeave={() => setFlicking(false)}
          onPointerCancel={() => setFlicking(false)}
          onKeyDown={({ key }) => (key === ' ' || key === 'Enter') && setFlicking(true)}
          onKeyUp={() => setFlicking(false)}
          onBlur={() => setFlicking(false)}
        >
          {t.flicker}
        </button>
      </div>
      {isUnknown && <p class="small soft">{t.cutUnknown}</p>}
      <div
        class="panes"
        role="application"
        aria-label={t.loupe}
        aria-describedby="loupe-keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes keys as an application does.
        tabIndex={0}
        onKeyDown={press}
        onKeyUp={({ key }) => key === 'f' && setFlicking(false)}
        onBlur={() => setFlicking(false)}
      >
        {isFlicking ? side('b', b, scales.b) : side('a', a, scales.a)}
        {side('b', b, scales.b)}
      </div>
      <p id="loupe-keys" class="small soft">
        {t.loupeKeys}
      </p>
    </section>
  )
}
