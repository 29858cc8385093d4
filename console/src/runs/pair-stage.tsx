import type { RunPairs } from 'darkroom-client'
import { useEffect, useId, useState } from 'preact/hooks'
import { linkTo } from '../route.ts'
import { bytes, percent, pixels } from '../words/amounts.ts'
import { words } from '../words/words.ts'

export type Pair = RunPairs['pairs'][number]

const FLICKER_MS = 600

/**
 * Two renditions of one photo over each other, each pixel of theirs one of the screen: with a divider between them, or one after the
 * other in the same place, which shows what no divider does. It is left to right in every language, as pictures are.
 */
export function PairStage({ pair }: { pair: Pair }) {
  const { runs: said } = words.value
  const [split, setSplit] = useState(50)
  const [isFlickering, setFlickering] = useState(false)
  const [isWhole, setWhole] = useState(true)
  const [shows, setShows] = useState<'before' | 'after'>('after')
  const id = useId()
  const { before, after } = pair
  const scale = 1 / devicePixelRatio

  useEffect(() => {
    if (!isFlickering) return
    const timer = setInterval(() => setShows((now) => (now === 'after' ? 'before' : 'after')), FLICKER_MS)
    return () => clearInterval(timer)
  }, [isFlickering])

  return (
    <div class="pair">
      <figure
        class={`pair-stage ${isWhole ? 'is-whole' : ''}`}
        dir="ltr"
        // Whoever looks at its pixels moves it by the arrow keys, too.
        tabIndex={isWhole ? -1 : 0}
      >
        <div
          class="pair-pictures"
          style={{
            '--split': `${isFlickering ? (shows === 'after' ? 0 : 100) : split}%`,
            '--width': `${after.width * scale}px`,
            '--ratio': after.width / after.height,
            aspectRatio: `${after.width} / ${after.height}`,
          }}
        >
          <img src={before.url} alt={said.before} />
          <img class="pair-after" src={after.url} alt={said.after} />
          {!isFlickering && <span class="pair-line" aria-hidden="true" />}
        </div>
      </figure>
      <div class="pair-controls">
        <span class={`small ${isFlickering && shows === 'after' ? 'soft' : ''}`}>
          {sideOf(said.before, before)}
        </span>
        {isFlickering ? (
          <span class="pair-now" role="status">
            {shows === 'after' ? said.after : said.before}
          </span>
        ) : (
          <>
            <label class="unseen" for={id}>
              {said.divider}
            </label>
            <input
              id={id}
              dir="ltr"
              type="range"
              min={0}
              max={100}
              value={split}
              aria-valuetext={said.divided(percent(split / 100))}
              onInput={({ currentTarget }) => setSplit(currentTarget.valueAsNumber)}
            />
          </>
        )}
        <span class={`small ${isFlickering && shows === 'before' ? 'soft' : ''}`}>
          {sideOf(said.after, after)}
        </span>
      </div>
      <div class="pair-acts">
        <button
          type="button"
          class="button small"
          aria-pressed={isFlickering}
          onClick={() => setFlickering(!isFlickering)}
        >
          {said.flicker}
        </button>
        <button type="button" class="button small" aria-pressed={!isWhole} onClick={() => setWhole(!isWhole)}>
          {said.pixels}
        </button>
        <a class="small" href={linkTo('photos', pair.id)}>
          {said.photoOf(pair.owner)}
        </a>
      </div>
    </div>
  )
}

function sideOf(name: string, { format, width, height, bytes: size }: Pair['before']): string {
  return `${name}: ${words.value.photo.formats[format]} ${pixels({ width, height })}, ${bytes(size)}`
}
