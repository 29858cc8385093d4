import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Point, Size } from '../../../src/photo/fit.ts'
import { words } from '../words/words.ts'
import { placeOf, type Shown } from './loupe-geometry.ts'

/** Of a URL: once it is decoded. */
export type Picture = { image: HTMLImageElement | null; hasFailed: boolean }

type LoupePaneProps = {
  label: string
  picture: Picture
  shown: Shown
  spot: Point
  /** Device pixels to one of the picture's. */
  scale: number
  /** Pixels stay squares. */
  isSharp: boolean
  onDrag: (by: Point) => void
  /** In device pixels. */
  onSize: (size: Size) => void
}

/** One rendition, drawn so that its pixels fall on the screen's; what is dragged here moves in both. */
export function LoupePane({ label, picture, shown, spot, scale, isSharp, onDrag, onSize }: LoupePaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const size = useDevicePixels(canvas)
  const { image, hasFailed } = picture
  const from = useRef<Point | null>(null)

  useLayoutEffect(() => onSize(size), [size.width, size.height])
  useLayoutEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context) return
    element.width = size.width
    element.height = size.height
    if (!image) return
    const { left, top, width, height } = placeOf(shown, spot, size, scale)
    context.imageSmoothingEnabled = !isSharp
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, left, top, width, height)
  })

  const move = ({ clientX, clientY }: PointerEvent) => {
    if (!from.current) return
    const ratio = devicePixelRatio
    onDrag({ x: (clientX - from.current.x) * ratio, y: (clientY - from.current.y) * ratio })
    from.current = { x: clientX, y: clientY }
  }
  return (
    <figure class="pane">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        aria-busy={!image && !hasFailed}
        onPointerDown={({ currentTarget, pointerId, clientX, clientY }) => {
          currentTarget.setPointerCapture(pointerId)
          from.current = { x: clientX, y: clientY }
        }}
        onPointerMove={move}
        onPointerUp={() => {
          from.current = null
        }}
        onPointerCancel={() => {
          from.current = null
        }}
      />
      <figcaption class="small">
        {label}
        {hasFailed && <span class="bad"> · {words.value.photo.notLoaded}</span>}
      </figcaption>
    </figure>
  )
}

/** The size of an element in device pixels, whole ones, where the browser tells it. */
function useDevicePixels(element: { current: HTMLElement | null }): Size {
  const [size, setSize] = useState<Size>({ width: 1, height: 1 })
  useLayoutEffect(() => {
    if (!element.current) return
    const observer = new ResizeObserver(([entry]) => {
      const exact = entry?.devicePixelContentBoxSize?.[0]
      const box = entry?.contentBoxSize[0]
      if (exact) setSize({ width: exact.inlineSize, height: exact.blockSize })
      else if (box)
        setSize({
          width: Math.round(box.inlineSize * devicePixelRatio),
          height: Math.round(box.blockSize * devicePixelRatio),
        })
    })
    try {
      observer.observe(element.current, { box: 'device-pixel-content-box' })
    } catch {
      // Safari knows no such box.
      observer.observe(element.current)
    }
    return () => observer.disconnect()
  }, [])
  return size
}

/** The one before stays until the next one is there. */
export function useImage(url: string | undefined): Picture {
  const [image, setImage] = useState<HTMLImageElement | null>(null)
  const [hasFailed, setFailed] = useState(false)
  useEffect(() => {
    if (url === undefined) return
    let isWanted = true
    const next = new Image()
    next.src = url
    setFailed(false)
    next.decode().then(
      () => isWanted && setImage(next),
      () => isWanted && setFailed(true),
    )
    return () => {
      isWanted = false
    }
  }, [url])
  return { image, hasFailed }
}
