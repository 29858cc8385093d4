import type { Texture } from '../../src/photo/rendition-formats.ts'
import type { Pixels } from './pixels.ts'

/** Mean distances of a block's pixels from its mean, of 255: what has not even this is one colour, or nearly so. */
const FLAT = 0.1
const SMOOTH = 1
/** Of the blocks. Measured: below, a fast encoder of AVIF wastes few bytes. */
const SHARE = 0.25
/** Pixels of the pictures that this was measured on: of larger ones, pixels as far apart are compared as these' neighbours. */
const MEASURED_AREA = 640 * 480
/** Enough to tell a share of some percent. */
const BLOCKS = 10_000

/**
 * Whether a good part of the picture is of one colour, as in text, drawings and screenshots, or smooth, as skies are. Looks
 * at some groups of 2 × 2 pixels, whatever the size: in 1 ms.
 */
export function textureOf({ data, width, height, channels }: Pixels): Texture {
  const step = Math.max(2, Math.floor(Math.sqrt((width * height) / BLOCKS)))
  const gap = Math.max(1, Math.round(Math.sqrt((width * height) / MEASURED_AREA)))
  const [right, below] = [gap * channels, gap * width * channels]
  let [blocks, flat, smooth] = [0, 0, 0]
  for (let y = 0; y + gap < height; y += step) {
    for (let x = 0; x + gap < width; x += step) {
      const at = (y * width + x) * channels
      const [a, b] = [lightOf(data, at), lightOf(data, at + right)]
      const [c, d] = [lightOf(data, at + below), lightOf(data, at + below + right)]
      const mean = (a + b + c + d) / 4
      const spread = (Math.abs(a - mean) + Math.abs(b - mean) + Math.abs(c - mean) + Math.abs(d - mean)) / 4
      blocks += 1
      if (spread < FLAT) flat += 1
      if (spread < SMOOTH) smooth += 1
    }
  }
  if (flat > SHARE * blocks) return 'flat'
  return smooth > SHARE * blocks ? 'smooth' : 'rough'
}

/** Y of the pixel there, 0 to 255 (ITU-T T.871). */
function lightOf(data: Buffer, at: number): number {
  return 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number)
}
