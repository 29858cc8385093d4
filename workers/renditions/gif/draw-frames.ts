import { decodeIndices } from './decode-indices.ts'
import type { Gif, GifFrame } from './gif-file.ts'

const PASSES = [
  { first: 0, step: 8 },
  { first: 4, step: 8 },
  { first: 2, step: 4 },
  { first: 1, step: 2 },
]

/**
 * The canvas with each frame drawn, in RGBA: always the same memory, so it is to be read before the next is asked
 * for. Where nothing was drawn it is clear, as browsers show it, whatever the file calls its background. Throws an
 * Error when pixels are missing.
 */
export function* drawFrames({ width, height, frames }: Gif): Generator<Buffer> {
  const canvas = Buffer.alloc(width * height * 4)
  // Words in the order of the machine's bytes, for speed.
  const pixels = new Uint32Array(canvas.buffer, canvas.byteOffset, width * height)
  for (const frame of frames) {
    const right = Math.min(frame.left + frame.width, width)
    const rows = Math.max(0, Math.min(frame.height, height - frame.top))
    const rowAt = (row: number) => {
      const start = (frame.top + row) * width
      return pixels.subarray(start + Math.min(frame.left, right), start + right)
    }
    const hidden =
      frame.disposal === 'restore' ? Array.from({ length: rows }, (_, row) => rowAt(row).slice()) : []

    draw(frame, rows, rowAt)
    yield canvas

    if (frame.disposal === 'keep') continue
    for (let row = 0; row < rows; row++) {
      const saved = hidden[row]
      if (saved) rowAt(row).set(saved)
      else rowAt(row).fill(0)
    }
  }
}

function draw(frame: GifFrame, rows: number, rowAt: (row: number) => Uint32Array): void {
  const { width, height, codes, codeSize, isInterlaced } = frame
  const indices = decodeIndices(codes, codeSize, width * height)
  const colors = wordsOf(frame)
  const order = isInterlaced ? interlaced(height) : null
  for (let coded = 0; coded < height; coded++) {
    const row = order ? (order[coded] as number) : coded
    if (row >= rows) continue
    const target = rowAt(row)
    const start = coded * width
    for (let x = 0; x < target.length; x++) {
      const color = colors[indices[start + x] as number] as number
      if (color !== 0) target[x] = color
    }
  }
}

/** A word for each index, 0 for those that draw nothing: the transparent one, and what the palette lacks. */
function wordsOf({ palette, transparent }: GifFrame): Uint32Array {
  const rgba = Buffer.alloc(256 * 4)
  for (let index = 0; 3 * index < palette.length; index++) {
    if (index === transparent) continue
    rgba.set(palette.subarray(3 * index, 3 * index + 3), 4 * index)
    rgba[4 * index + 3] = 255
  }
  return new Uint32Array(rgba.buffer.slice(rgba.byteOffset, rgba.byteOffset + rgba.length))
}

function interlaced(height: number): number[] {
  return PASSES.flatMap(({ first, step }) =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, i) => first + i * step),
  )
}
