import './phone.css'
import { type Photo, renditionUrl } from 'darkroom-client'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { CopyButton } from '../parts/copy-button.tsx'
import { API } from '../place.ts'
import { bytes, number, percent, pixels, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import type { MadeRendition } from './expected.ts'
import {
  LAYOUTS,
  type LayoutName,
  markupOf,
  offered,
  type Screen,
  sizesOf,
  slotOf,
  takenBy,
} from './layouts.ts'
import { clientOf, curlOf } from './snippets.ts'

const WIDTHS = [320, 360, 390, 430, 768, 1024, 1280, 1920] as const
const RATIOS = [1, 1.5, 2, 2.625, 3] as const

type PhoneProps = {
  photo: Photo
  /** Those that show all of the photo, and those that a preset has cut. */
  whole: readonly MadeRendition[]
  cut: readonly MadeRendition[]
}

/** What a screen of some width gets, by the same `srcset` and `sizes` an app writes, which are here to copy. */
export function Phone({ photo, whole, cut }: PhoneProps) {
  const t = words.value.photo
  const [screen, setScreen] = useState<Screen>({ width: 390, pixelRatio: 3, takesAvif: true })
  const [layout, setLayout] = useState<LayoutName>('full')
  // Three beside each other are squares.
  const renditions = layout === 'three' && cut.length > 0 ? cut : whole
  const taken = takenBy(renditions, layout, screen)
  if (!taken) return null
  const wish = {
    presets: [...new Set(renditions.map(({ preset }) => preset))],
    formats: offered(renditions).map(({ format }) => format),
  }
  return (
    <section class="phone" aria-labelledby="phone">
      <h2 id="phone">{t.phone}</h2>
      <div class="phone-bar small">
        <label>
          {t.width}{' '}
          <select
            value={screen.width}
            onChange={({ currentTarget }) => setScreen({ ...screen, width: Number(currentTarget.value) })}
          >
            {WIDTHS.map((width) => (
              <option key={width} value={width}>
                {number(width, { useGrouping: false })}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t.pixelRatio}{' '}
          <select
            value={screen.pixelRatio}
            onChange={({ currentTarget }) =>
              setScreen({ ...screen, pixelRatio: Number(currentTarget.value) })
            }
          >
            {RATIOS.map((ratio) => (
              <option key={ratio} value={ratio}>
                {number(ratio, { maximumFractionDigits: 3 })}×
              </option>
            ))}
          </select>
        </label>
        <fieldset class="choices">
          <legend class="unseen">{t.layout}</legend>
          {(Object.keys(LAYOUTS) as LayoutName[]).map((name) => (
            <label key={name}>
              <input type="radio" name="layout" checked={layout === name} onChange={() => setLayout(name)} />
              <span>{t.layouts[name]}</span>
            </label>
          ))}
        </fieldset>
        <label>
          <input
            type="checkbox"
            checked={screen.takesAvif}
            onChange={({ currentTarget }) => setScreen({ ...screen, takesAvif: currentTarget.checked })}
          />{' '}
          {t.takesAvif}
        </label>
      </div>
      <Taken taken={taken} slot={slotOf(layout, screen)} pixelRatio={screen.pixelRatio} />
      <div class="phone-parts">
        <Frame photo={photo} rendition={taken.webkit} layout={layout} width={screen.width} />
        <div class="codes">
          <Code
            title={t.markup}
            text={markupOf(photo, renditions, layout)}
            note={photo.expiresAt ? t.urlsExpire(time(photo.expiresAt)) : undefined}
          />
          <Code title={t.client} text={clientOf(photo, API, wish, layout)} />
          <Code title={t.curl} text={curlOf(photo, API)} />
        </div>
      </div>
    </section>
  )
}

type TakenProps = { taken: NonNullable<ReturnType<typeof takenBy>>; slot: number; pixelRatio: number }

function Taken({ taken: { webkit, gecko }, slot, pixelRatio }: TakenProps) {
  const t = words.value.photo
  const named = ({ preset, format, width, height }: MadeRendition) =>
    `${preset} ${t.formats[format]}, ${pixels({ width, height })}`
  const wanted = Math.round(slot * pixelRatio)
  return (
    <p class="taken numbers" data-webkit={webkit.width} data-gecko={gecko.width}>
      <strong>{named(webkit)}</strong> · <strong>{bytes(webkit.bytes)}</strong>{' '}
      <span class="soft">
        {t.fills(number(wanted), percent(webkit.width / wanted))}
        {gecko !== webkit && ` ${t.inFirefox(named(gecko), bytes(gecko.bytes))}`}
      </span>
    </p>
  )
}

type FrameProps = { photo: Photo; rendition: MadeRendition; layout: LayoutName; width: number }

/** A screen of that width, smaller where there is not so much room. */
function Frame({ photo, rendition, layout, width }: FrameProps) {
  const t = words.value.photo
  const room = useRef<HTMLDivElement>(null)
  const [available, setAvailable] = useState(width)
  useLayoutEffect(() => {
    const element = room.current
    if (!element) return
    const observer = new ResizeObserver(() => setAvailable(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const { columns, gap } = LAYOUTS[layout]
  const scale = Math.min(1, available / width)
  const isSquare = columns === 3
  return (
    <div class="phone-frame-room" ref={room}>
      <div class="phone-frame" style={{ width: `${width}px`, zoom: String(scale) }}>
        <div
          class="phone-frame-grid"
          style={{ gridTemplateColumns: `repeat(${columns}, 1fr)`, gap: `${gap}px` }}
        >
          <img
            src={renditionUrl(rendition, photo)}
            alt={photo.alt ?? ''}
            style={{ aspectRatio: isSquare ? '1' : `${rendition.width} / ${rendition.height}` }}
          />
          {Array.from({ length: columns * (columns === 1 ? 1 : 2) - 1 }, (_, index) => (
            <span
              key={index}
              class="phone-frame-other"
              style={{ aspectRatio: isSquare ? '1' : `${rendition.width} / ${rendition.height}` }}
            />
          ))}
        </div>
      </div>
      <p class="small soft numbers">
        {t.frameOf(number(width, { useGrouping: false }))}
        {scale < 1 && ` ${t.frameScaled(percent(scale))}`} <code class="mono">sizes="{sizesOf(layout)}"</code>
      </p>
    </div>
  )
}

function Code({ title, text, note }: { title: string; text: string; note?: string | undefined }) {
  return (
    <div class="code">
      <div class="code-bar">
        <h3 class="small">{title}</h3>
        <CopyButton text={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too. */}
      <pre class="mono" tabIndex={0} dir="ltr">
        {text}
      </pre>
      {note && <p class="small soft">{note}</p>}
    </div>
  )
}
