import { draw } from './drawing.ts'
import type { Drawing } from './drawing-messages.ts'

type Painted = { onPainted(): void; onFailed(message: string): void }

/** Shows drawings on a canvas: the one asked for last, one at a time, and at most one in a frame of the screen. */
export class Painter {
  readonly #canvas: HTMLCanvasElement
  readonly #told: Painted
  #wanted: Drawing | null = null
  #shown: Drawing | null = null
  #isBusy = false
  #isOver = false

  constructor(canvas: HTMLCanvasElement, told: Painted) {
    this.#canvas = canvas
    this.#told = told
  }

  paint(drawing: Drawing): void {
    this.#wanted = drawing
    if (!this.#isBusy) void this.#run()
  }

  /** What was shown is gone from the graphics card. */
  repaint(): void {
    if (this.#shown && !this.#wanted) this.paint(this.#shown)
  }

  end(): void {
    this.#isOver = true
    this.#wanted = null
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    while (this.#wanted) {
      await new Promise(requestAnimationFrame)
      const drawing: Drawing | null = this.#wanted
      this.#wanted = null
      if (drawing) await this.#draw(drawing)
    }
    this.#isBusy = false
  }

  async #draw(drawing: Drawing): Promise<void> {
    try {
      const { bitmap, by } = await draw(drawing)
      if (this.#isOver) {
        bitmap.close()
        return
      }
      // Not every browser takes them from the picture.
      if (this.#canvas.width !== bitmap.width) this.#canvas.width = bitmap.width
      if (this.#canvas.height !== bitmap.height) this.#canvas.height = bitmap.height
      this.#canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap)
      this.#canvas.dataset.by = by
      this.#shown = drawing
      this.#told.onPainted()
    } catch (error) {
      if (!this.#isOver) this.#told.onFailed((error as Error).message)
    }
  }
}
