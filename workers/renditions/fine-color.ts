import type { Pixels } from './pixels.ts'

/** Above this mean distance from a block's mean colour, in 8-bit Cb and Cr together, halving colour is seen. */
const SEEN = 12
/** Measured on photos, text and drawings: below, coding colour in full costs bytes and wins little. */
const SHARE = 0.04
/** Enough to tell a share of some percent. */
const BLOCKS = 10_000

/**
 * Whether colour changes from pixel to pixel, as in text, drawings and neon light: then storing it at half the
 * size, as is usual, smears it. Looks at some blocks of 2 × 2 pixels, whatever the size: in 1 ms.
 */
export function hasFineColor({ data, width, height, channels }: Pixels): boolean {
  const step = Math.max(2, Math.floor(Math.sqrt((width * height) / BLOCKS)))
  const below = width * channels
  let [blocks, seen] = [0, 0]
  for (let y = 0; y + 1 < height; y += step) {
    for (let x = 0; x + 1 < width; x += step) {
      const at = (y * width + x) * channels
      const [b, c, d] = [at + channels, at + below, at + below + channels]
      const blue = spread(blueness(data, at), blueness(data, b), blueness(data, c), blueness(data, d))
      const red = spread(redness(data, at), redness(data, b), redness(data, c), redness(data, d))
      blocks += 1
      if (blue + red > SEEN) seen += 1
    }
  }
  return seen > SHARE * blocks
}

/** Cb of the pixel there, from -128 to 127 (ITU-T T.871). */
function blueness(data: Buffer, at: number): number {
  return -0.1687 * (data[at] as number) - 0.3313 * (data[at + 1] as number) + 0.5 * (data[at + 2] as number)
}

/** Cr of the pixel there, from -128 to 127 (ITU-T T.871). */
function redness(data: Buffer, at: number): number {
  return 0.5 * (data[at] as number) - 0.4187 * (data[at + 1] as number) - 0.0813 * (data[at + 2] as number)
}

/** The mean distance of four values from their mean. */
function spread(a: number, b: number, c: number, d: number): number {
  const mean = (a + b + c + d) / 4
  return (Math.abs(a - mean) + Math.abs(b - mean) + Math.abs(c - mean) + Math.abs(d - mean)) / 4
}
