import './photo.css'
import type { Photo } from 'darkroom-client'
import { useRef, useState } from 'preact/hooks'
import { Loading, NothingHere, State } from '../parts/state.tsx'
import { Why } from '../parts/why.tsx'
import { photoOf } from '../photos/kept-photos.ts'
import { presetsInUse } from '../photos/kept-presets.ts'
import { linkTo } from '../route.ts'
import { session } from '../session.ts'
import { words } from '../words/words.ts'
import { type CoverBox, isWhole, partOf } from './crop.ts'
import { Crops } from './crops.tsx'
import { expectedRenditions, kindOf, type MadeRendition } from './expected.ts'
import { Facts } from './facts.tsx'
import { FailedPhoto } from './failed-photo.tsx'
import { History } from './history.tsx'
import { Loupe, type Pair } from './loupe.tsx'
import { WHOLE } from './loupe-geometry.ts'
import { nameOf } from './names.ts'
import { Phone } from './phone.tsx'
import { photoIdOf } from './photo-id.ts'
import { Renditions } from './renditions.tsx'
import { Settings } from './settings.tsx'
import { Stage } from './stage.tsx'
import { useFocus } from './use-focus.ts'
import { useNews } from './use-news.ts'

/** `#/photos/ID`, an id in digits or a shortcode. */
export function PhotoView({ words: [word = ''] }: { words: readonly string[] }) {
  const id = photoIdOf(word)
  return id === null ? <NothingHere /> : <Kept id={id} />
}

function Kept({ id }: { id: string }) {
  const t = words.value.photo
  const photo = photoOf(id).value
  const { isOperator } = session.value as { isOperator: boolean }
  const wasHere = useRef(false)
  if (photo) wasHere.current = true
  if (photo) return <Shown photo={photo} />
  if (photo === undefined) return <Loading />
  if (!wasHere.current && isOperator) return <Others id={id} />
  return (
    <State isView title={wasHere.current ? t.goneNow : t.gone}>
      {!wasHere.current && <p class="soft">{t.goneWhy}</p>}
      <a class="button" href={linkTo('feed')}>
        {words.value.common.feed}
      </a>
    </State>
  )
}

/** A photo that its owner alone is shown, or none: an operator is told what happened to it. */
function Others({ id }: { id: string }) {
  return (
    <article class="photo">
      <header class="photo-head">
        <h1>{words.value.photo.title}</h1>
        <span class="mono soft">{id}</span>
      </header>
      <History photo={{ id }} isOperator />
    </article>
  )
}

function Shown({ photo }: { photo: Photo }) {
  const t = words.value.photo
  const { owner, isOperator } = session.value as { owner: string; isOperator: boolean }
  const presets = presetsInUse()
  const kind = kindOf(photo, presets)
  const all = photo.status === 'failed' ? [] : expectedRenditions(photo, presets)
  const made = all.flatMap(({ rendition }) => (rendition ? [rendition] : []))
  const focus = useFocus(photo)
  const [chosen, setPair] = useState<Pair | null>(null)
  const isPatient = useNews(photo, all)

  const isOwn = photo.owner === owner
  const { width, height } = photo.original
  const size = width && height ? { width, height } : null
  const whole = made.filter((rendition) => !size || isWhole(rendition, size))
  const boxes = new Map(presets.filter(isCover).map((preset) => [preset.name, preset]))
  const part = (rendition: MadeRendition) => {
    if (!size || isWhole(rendition, size)) return WHOLE
    const box = boxes.get(rendition.preset)
    return photo.focus && box ? partOf(photo.focus, size, box) : null
  }
  const pair = chosen ?? firstPair(whole)
  return (
    <article class={`photo ${kind.isTransparent ? 'is-transparent' : ''}`}>
      <header class="photo-head">
        <h1>{t.title}</h1>
        <span class="mono soft">{photo.shortcode}</span>
        <span class={photo.status === 'failed' ? 'bad' : 'soft'}>
          {photo.wanted ? t.beingChanged : t.statuses[photo.status]}
        </span>
        {photo.visibility === 'private' && <span class="tag small">{t.visibilities.private}</span>}
        {isOwn && photo.status === 'ready' && (
          <a class="button small looks-link" href={linkTo('photos', photo.id, 'looks')}>
            {t.looks}
          </a>
        )}
      </header>
      {photo.status === 'failed' ? (
        <div class="photo-top">
          <FailedPhoto photo={photo} />
          <Facts photo={photo} />
        </div>
      ) : (
        <>
          <div class="photo-top">
            <div class="photo-stage">
              <Stage
                photo={photo}
                moves={kind.moves}
                focus={isOwn && photo.status === 'ready' ? focus : null}
              />
              {isOwn && <FocusLine focus={focus} />}
            </div>
            <div class="photo-side">
              <Crops photo={photo} presets={presets} focus={focus} />
              <Facts photo={photo} />
              {isOwn && <Settings photo={photo} />}
            </div>
          </div>
          <Renditions photo={photo} all={all} isPatient={isPatient} pair={pair} onPair={setPair} />
          <Loupe photo={photo} renditions={made} partOf={part} pair={pair} onPair={setPair} />
          <Phone photo={photo} whole={whole} cut={made.filter(({ preset }) => boxes.has(preset))} />
        </>
      )}
      {(isOwn || isOperator) && <History photo={photo} isOperator={isOperator} />}
    </article>
  )
}

function FocusLine({ focus: { focus, isPending, problem, set } }: { focus: ReturnType<typeof useFocus> }) {
  const t = words.value.photo
  return (
    <div class="focus-line small">
      <span class="soft">{focus ? t.focusHow : t.focusNone}</span>
      <button
        type="button"
        class={`button quiet small ${focus ? '' : 'is-hidden'}`}
        onClick={() => set(null)}
      >
        {t.focusClear}
      </button>
      {isPending && <span class="unseen">{t.beingMade}</span>}
      <Why why={problem} />
    </div>
  )
}

function isCover<P extends { fit: string }>(preset: P): preset is P & CoverBox {
  return preset.fit === 'cover'
}

/** The largest one in two formats, as that is what there is to judge first. */
function firstPair(whole: readonly MadeRendition[]): Pair {
  const byWidth = whole.toSorted((a, b) => b.width - a.width)
  const [largest] = byWidth
  const others = byWidth.filter(
    ({ preset, format }) => preset === largest?.preset && format !== largest.format,
  )
  const jpeg = [largest, ...others].find((rendition) => rendition?.format === 'jpeg') ?? largest
  const other = [largest, ...others].find((rendition) => rendition !== jpeg) ?? byWidth[1] ?? jpeg
  return { a: jpeg ? nameOf(jpeg) : '', b: other ? nameOf(other) : '' }
}
