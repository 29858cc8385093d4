import { useEffect, useRef, useState } from 'preact/hooks'
import { onLost } from './drawing.ts'
import type { Drawing } from './drawing-messages.ts'
import { Painter } from './painter.ts'

type LookCanvasProps = { drawing: Drawing; onFailed?: (message: string) => void }

/** A picture in a look, and in another as soon as that is asked for. It is empty until the first is drawn. */
export function LookCanvas({ drawing, onFailed }: LookCanvasProps) {
  const { picture, table, vignette, grain, strength, isUrgent } = drawing
  const canvas = useRef<HTMLCanvasElement>(null)
  const painter = useRef<Painter | null>(null)
  const failed = useRef(onFailed)
  failed.current = onFailed
  const [isPainted, setPainted] = useState(false)

  useEffect(() => {
    const made = new Painter(canvas.current as HTMLCanvasElement, {
      onPainted: () => setPainted(true),
      onFailed: (message) => failed.current?.(message),
    })
    painter.current = made
    const forget = onLost(() => made.repaint())
    return () => {
      forget()
      made.end()
    }
  }, [])
  useEffect(
    () => painter.current?.paint({ picture, table, vignette, grain, strength, isUrgent }),
    [picture, table, vignette, grain, strength, isUrgent],
  )

  return <canvas ref={canvas} class={isPainted ? 'is-painted' : ''} />
}
