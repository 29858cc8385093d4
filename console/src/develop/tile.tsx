import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { photoOf, refresh } from '../photos/kept-photos.ts'
import { Picture } from '../photos/picture.tsx'
import { wholePresets } from '../photos/whole-presets.ts'
import { linkTo } from '../route.ts'
import { bytes, duration } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { peekPreview, wantPreview } from './own-previews.ts'
import { mayHelpToRetry, problemWords } from './problem-words.ts'
import { ownFile, remove, retry } from './tray.ts'
import type { TrayItem } from './tray-item.ts'

type TileProps = { item: TrayItem; size: number }

/** One photo, in a frame that is there from the beginning: what the browser can show of it, then its picture, then its times. */
export function Tile({ item, size }: TileProps) {
  const text = words.value.develop
  const { name, state, problem } = item
  const title = name || text.unnamed
  const isLeft = state === 'waiting' || state === 'sending'
  const isStuck = state === 'failed' || state === 'missing'
  const said = problem ? problemWords(problem, text) : { title: text.states.missing, what: text.missingWhat }
  return (
    <>
      <div class="frame" style={{ blockSize: `${size}px` }}>
        {isStuck ? (
          <div class="why small">
            <strong class={state === 'failed' ? 'bad' : ''}>{said.title}</strong>
            <p>{said.what}</p>
          </div>
        ) : (
          <Shown item={item} size={size} title={title} />
        )}
        {(isLeft || isStuck) && (
          <button
            type="button"
            class="button quiet take-out"
            aria-label={isLeft ? text.cancelOne(title) : text.remove(title)}
            onClick={() => void remove([item.key])}
          >
            <Cross />
          </button>
        )}
      </div>
      <div class="caption small">
        <div class="name" title={title}>
          {title}
        </div>
        <Standing item={item} title={title} />
      </div>
    </>
  )
}

function Shown({ item, size, title }: TileProps & { title: string }) {
  const text = words.value.develop
  const { key, photo: id, state } = item
  const bitmap = usePreview(item, size)
  const photo = id && state !== 'waiting' ? photoOf(id).value : undefined
  const isShown = state === 'developed' && photo?.status === 'ready'
  useEffect(() => {
    if (id && state === 'developed' && photo && photo.status !== 'ready') refresh(id)
  }, [state, photo])

  const under = bitmap ? <Drawn key={key} bitmap={bitmap} /> : undefined
  if (!isShown) return under ?? <span class="card soft">{kindOf(item.name)}</span>
  const { width, height } = photo.original
  const ratio = width && height ? width / height : 1
  return (
    <a href={linkTo('photos', photo.id)} aria-label={text.open(title)}>
      <span class="fitted" style={{ inlineSize: `${Math.min(1, ratio) * 100}%` }}>
        <Picture photo={photo} sizes={`${size}px`} presets={wholePresets(photo)} under={under} />
      </span>
    </a>
  )
}

/** What is known of it: how far it is, or how long each part took. */
function Standing({ item, title }: { item: TrayItem; title: string }) {
  const text = words.value.develop
  const { state, sent, problem, sentMs, timing } = item
  if (state === 'sending')
    return (
      <>
        <progress key="how-far" value={sent} max={item.bytes} aria-label={text.progressOne(title)} />
        <div key="bytes" class="soft numbers">
          {bytes(item.bytes)}
        </div>
      </>
    )
  if (state === 'developed') return <Times sentMs={sentMs} timing={timing} />
  if (state === 'failed' && problem && item.photo === null && mayHelpToRetry(problem))
    return (
      <button
        type="button"
        class="button small"
        aria-label={text.retryOne(title)}
        onClick={() => void retry([item.key])}
      >
        {words.value.common.retry}
      </button>
    )
  const word = state === 'waiting' || state === 'developing' ? text.states[state] : ''
  return (
    <>
      {word && (
        <div key="state" class="soft">
          {word}
        </div>
      )}
      <div key={word ? 'bytes' : 'alone'} class="soft numbers">
        {bytes(item.bytes)}
      </div>
    </>
  )
}

function Times({ sentMs, timing }: Pick<TrayItem, 'sentMs' | 'timing'>) {
  const { times } = words.value.develop
  const shown = [
    [times.sent, sentMs],
    [times.waited, timing?.waitedMs ?? null],
    [times.developed, timing?.developedMs ?? null],
  ] as const
  return (
    <dl class="times numbers">
      {shown.map(
        ([name, ms]) =>
          ms !== null && (
            <div key={name}>
              <dt class="soft">{name}</dt>
              <dd>{duration(ms)}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

/** Null while there is none, or never will be. */
function usePreview({ key, state }: TrayItem, size: number): ImageBitmap | null {
  const [bitmap, setBitmap] = useState(() => peekPreview(key))
  const isHere = state === 'waiting' || state === 'sending'
  useEffect(() => {
    if (bitmap || !isHere) return
    const width = Math.ceil(size * Math.min(2, devicePixelRatio))
    return wantPreview({ key, width, read: () => ownFile(key), tell: setBitmap })
  }, [key, isHere])
  return bitmap
}

function Drawn({ bitmap }: { bitmap: ImageBitmap }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  // Before the frame is painted: what takes its place meanwhile would be seen.
  useLayoutEffect(() => {
    const element = canvas.current
    if (!element || bitmap.width === 0) return
    element.width = bitmap.width
    element.height = bitmap.height
    element.getContext('2d')?.drawImage(bitmap, 0, 0)
  }, [bitmap])
  return <canvas class="own" ref={canvas} />
}

function kindOf(name: string): string {
  return /\.(\w{1,5})$/.exec(name)?.[1]?.toUpperCase() ?? ''
}

function Cross() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M3 3l10 10M13 3L3 13" stroke="currentColor" stroke-width="1.75" fill="none" />
    </svg>
  )
}
