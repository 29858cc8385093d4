import { thumbhashPixels } from 'darkroom-client'
import { useEffect, useRef } from 'preact/hooks'

/** Of a frame's 16 ms. */
const BUDGET_MS = 4

const waiting = new Map<HTMLCanvasElement, string>()

/** Drawn on a canvas: the page's policy allows no `data:` URLs. Many at a time are drawn over as many frames as that takes. */
export function Thumbhash({ hash }: { hash: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    if (!element) return
    if (waiting.size === 0) requestAnimationFrame(drawSome)
    waiting.set(element, hash)
    return () => void waiting.delete(element)
  }, [hash])
  return <canvas ref={canvas} width={1} height={1} />
}

function drawSome(): void {
  const endsAt = performance.now() + BUDGET_MS
  for (const [canvas, hash] of waiting) {
    if (performance.now() >= endsAt) break
    waiting.delete(canvas)
    draw(canvas, hash)
  }
  if (waiting.size > 0) requestAnimationFrame(drawSome)
}

function draw(canvas: HTMLCanvasElement, hash: string): void {
  const { width, height, rgba } = thumbhashPixels(hash)
  canvas.width = width
  canvas.height = height
  const pixels = new ImageData(new Uint8ClampedArray(rgba), width, height)
  canvas.getContext('2d', { willReadFrequently: true })?.putImageData(pixels, 0, 0)
}
