import type { Pixels } from './pixels.ts'

/** Above this mean distance from a block's mean colour, in 8-bit Cb and Cr together, halving colour is seen. */
const SEEN = 12
/** Measured on photos, text and drawings: below, coding colour in full costs bytes and wins little. */
const SHARE = 0.04
/** Enough to tell a share of some percent. */
const BLOCKS = 10_000

/**
 * Whether colour changes from pixel to pixel, as in text, drawings and neon light: then storing it at half the
 * size, as JPEG and WebP usually do, smears it. Looks at some blocks of 2 × 2 pixels, whatever the size: in 1 ms.
 */
export function hasFineColor({ data, width, height, channels }: Pixels): boolean {
  const step = Math.max(2, Math.floor(Math.sqrt((width * height) / BLOCKS)))
  const below = width * channels
  let [blocks, seen] = [0, 0]
  for (let y = 0; y + 1 < height; y += step) {
    for (let x = 0; x + 1 < width; x += step) {
      const at = (y * width + x) * channels
      const pixels = [at, at + channels, at + below, at + below + channels] as const
      blocks += 1
      if (spread(data, pixels, CB) + spread(data, pixels, CR) > SEEN) seen += 1
    }
  }
  return seen > SHARE * blocks
}

type Weights = readonly [red: number, green: number, blue: number]

/** As JPEG has them (ITU-T T.871). */
const CB: Weights = [-0.1687, -0.3313, 0.5]
const CR: Weights = [0.5, -0.4187, -0.0813]

function spread(
  data: Buffer,
  [one, two, three, four]: readonly [number, number, number, number],
  [red, green, blue]: Weights,
): number {
  const value = (at: number) =>
    red * (data[at] as number) + green * (data[at + 1] as number) + blue * (data[at + 2] as number)
  const [a, b, c, d] = [value(one), value(two), value(three), value(four)]
  const mean = (a + b + c + d) / 4
  return (Math.abs(a - mean) + Math.abs(b - mean) + Math.abs(c - mean) + Math.abs(d - mean)) / 4
}
