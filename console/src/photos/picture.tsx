import './picture.css'
import { type Delivery, type Photo, srcset } from 'darkroom-client'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { isOnline } from '../connection.ts'
import { Thumbhash } from './thumbhash.tsx'

export type PictureProps = {
  photo: Photo
  /** The width that it takes, as `sizes` of an `<img>` says it: `320px`, `100vw`. */
  sizes: string
  presets?: readonly string[]
  /** `delivery` of the page that the photo came on, where its URLs are in parts. */
  delivery?: Delivery | undefined
  /** Of the box; the photo's own without it. */
  aspectRatio?: number
  /** One of the first that are seen. */
  isUrgent?: boolean
  /** What is shown until the picture is here, if that is more than its colour and its thumbhash. */
  under?: ComponentChildren
  /** Told when the picture can't be had: the photo may be gone, or its URL may have ended. */
  onFailed?: () => void
}

/**
 * A photo in a box whose size is known before anything of it is here: its colour, then its thumbhash, then the picture, in the
 * format and the width that the browser takes. Nothing moves meanwhile. A photo that gets another look shows the one it had until
 * that is here.
 */
export function Picture(props: PictureProps) {
  const { photo, sizes, presets, delivery, aspectRatio, isUrgent, under, onFailed } = props
  const { width, height } = photo.original
  const ratio = aspectRatio ?? (width && height ? width / height : 4 / 3)
  const [isDecoded, setDecoded] = useState(false)
  const [fades, setFades] = useState(true)
  const [hasFailed, setFailed] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const image = useRef<HTMLImageElement>(null)
  const { avif, webp, jpeg } = useSets(photo, presets, delivery, hasFailed)
  const sources = [
    ['image/avif', avif],
    ['image/webp', webp],
  ].filter(([, set]) => set)

  useEffect(() => {
    const img = image.current
    if (!img) return
    setFailed(false)
    // What is in the browser's cache needs no fading in.
    if (img.complete && img.naturalWidth > 0) setFades(false)
  }, [avif, webp, jpeg, attempt])

  const isHere = isOnline.value
  useEffect(() => {
    if (isHere && hasFailed) setAttempt(attempt + 1)
  }, [isHere])

  useEffect(
    () => () => {
      // What nobody looks at any more is not loaded.
      const img = image.current
      img?.remove()
      img?.removeAttribute('srcset')
    },
    [],
  )

  // Also when another size of it has taken the place of the one that was loading.
  const show = ({ currentTarget: img }: { currentTarget: HTMLImageElement }) => {
    img.decode().then(
      // What was loaded may have been followed by what could not be.
      () => setDecoded(img.naturalWidth > 0),
      () => {},
    )
  }
  const tellFailed = () => {
    // Nor is it shown any more, if it was: of a larger size there may be nothing.
    setDecoded(false)
    setFailed(true)
    onFailed?.()
  }
  return (
    <span class="picture" style={{ aspectRatio: String(ratio), background: photo.color ?? undefined }}>
      {under ?? (photo.thumbhash && !isDecoded && <Thumbhash hash={photo.thumbhash} />)}
      {(avif || webp || jpeg) && (
        <picture key={attempt}>
          {sources.map(([type, set]) => (
            <source key={type} type={type} srcset={set} sizes={sizes} />
          ))}
          <img
            ref={image}
            class={`${isDecoded ? 'is-decoded' : ''} ${fades ? 'fades' : ''}`}
            srcset={jpeg || webp}
            sizes={sizes}
            alt={photo.alt ?? ''}
            decoding="async"
            fetchpriority={isUrgent ? 'high' : 'auto'}
            onLoad={show}
            onError={tellFailed}
          />
        </picture>
      )}
    </span>
  )
}

/**
 * The `srcset` of each format, the same for as long as the pictures are: what is here need not be loaded again because its URL was
 * signed anew, or because there is AVIF of it by now.
 */
function useSets(
  photo: Photo,
  presets: readonly string[] | undefined,
  delivery: Delivery | undefined,
  hasFailed: boolean,
) {
  const kept = useRef<{ name: string; avif: string; webp: string; jpeg: string } | null>(null)
  const name = photo.renditions
    .filter(({ format }) => format !== 'avif')
    .map(({ path, url }) => path ?? url?.replace(/\?.*/, ''))
    .join(' ')
  if (kept.current?.name !== name || hasFailed) {
    const set = (format: 'avif' | 'webp' | 'jpeg') =>
      srcset(photo, { formats: [format], ...(presets && { presets }) }, delivery)
    kept.current = { name, avif: set('avif'), webp: set('webp'), jpeg: set('jpeg') }
  }
  return kept.current
}
