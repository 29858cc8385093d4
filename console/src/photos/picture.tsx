import './picture.css'
import { type Delivery, type Photo, srcset, thumbhashPixels, type Wish } from 'darkroom-client'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

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
}

/**
 * A photo in a box whose size is known before anything of it is here: its colour, then its thumbhash, then the picture, in the
 * format and the width that the browser takes. Nothing moves meanwhile.
 */
export function Picture({ photo, sizes, presets, delivery, aspectRatio, isUrgent, under }: PictureProps) {
  const { width, height } = photo.original
  const ratio = aspectRatio ?? (width && height ? width / height : 4 / 3)
  const [isDecoded, setDecoded] = useState(false)
  const [fades, setFades] = useState(true)
  const image = useRef<HTMLImageElement>(null)
  const wish = (format: NonNullable<Wish['formats']>[number]) =>
    srcset(photo, { formats: [format], ...(presets && { presets }) }, delivery)
  const [avif, webp, jpeg] = [wish('avif'), wish('webp'), wish('jpeg')]
  const sources = [
    ['image/avif', avif],
    ['image/webp', webp],
  ].filter(([, set]) => set)
  const hasPicture = avif !== '' || webp !== '' || jpeg !== ''

  useEffect(() => {
    const img = image.current
    if (!img) return
    // What is in the browser's cache needs no fading in.
    if (img.complete && img.naturalWidth > 0) setFades(false)
    img.decode().then(
      () => setDecoded(true),
      () => {},
    )
    return () => {
      img.removeAttribute('srcset')
    }
  }, [jpeg, avif, webp])

  return (
    <span class="picture" style={{ aspectRatio: String(ratio), background: photo.color ?? undefined }}>
      {under ?? (photo.thumbhash && !isDecoded && <Thumbhash hash={photo.thumbhash} />)}
      {hasPicture && (
        <picture>
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
          />
        </picture>
      )}
    </span>
  )
}

/** Drawn on a canvas: the page's policy allows no `data:` URLs. */
export function Thumbhash({ hash }: { hash: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const { width, height, rgba } = thumbhashPixels(hash)
    const element = canvas.current
    if (!element) return
    element.width = width
    element.height = height
    element.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0)
  }, [hash])
  return <canvas ref={canvas} />
}
