import type { ColorTable } from './color-table.ts'

/** Row by row without gaps: red, green, blue, and alpha where there are four. */
export type PlainPixels = { data: Uint8Array | Uint8ClampedArray; channels: 3 | 4 }

const FRACTION_BITS = 15
const HALF = 1 << (FRACTION_BITS - 1)
/** In the list of a table's points: red, green, blue and nothing, as vectors and textures want them. */
const POINT = 4

/**
 * What renditions are made with, without vectors, to the bit the same: looks every pixel up in the table, in place; alpha stays.
 * All in whole numbers: the four weights are 255ths that add up to 255, and table values carry 15 fraction bits, so their sum
 * is the 8-bit result with 15 fraction bits.
 */
export function applyPlainly({ data, channels }: PlainPixels, table: ColorTable): void {
  const { size } = table
  const points = pointsOf(table)
  const { rest, point } = latticeOf(size)
  // Distance in the table between neighbours along each axis.
  const [redStep, greenStep, blueStep] = [POINT, POINT * size, POINT * size * size] as const

  for (let i = 0; i < data.length; i += channels) {
    const [red, green, blue] = [data[i] as number, data[i + 1] as number, data[i + 2] as number]
    const [r, g, b] = [rest[red] as number, rest[green] as number, rest[blue] as number]
    const high = Math.max(r, g, b)
    const low = Math.min(r, g, b)
    const middle = r + g + b - high - low
    // From the near corner to the far one, first along the axis with the most of the way behind it, last along that with
    // the least.
    const near =
      (point[red] as number) * redStep +
      (point[green] as number) * greenStep +
      (point[blue] as number) * blueStep
    const far = near + redStep + greenStep + blueStep
    const second = near + (r === high ? redStep : g === high ? greenStep : blueStep)
    const third = far - (b === low ? blueStep : g === low ? greenStep : redStep)
    for (let channel = 0; channel < 3; channel++) {
      const sum =
        (255 - high) * (points[near + channel] as number) +
        (high - middle) * (points[second + channel] as number) +
        (middle - low) * (points[third + channel] as number) +
        low * (points[far + channel] as number)
      data[i + channel] = (sum + HALF) >> FRACTION_BITS
    }
  }
}

/** The table's colours, four numbers each, written to `out` where that is given: 15 fraction bits, the fourth is 0. */
export function pointsOf({ size, values }: ColorTable, out = new Int16Array(size ** 3 * POINT)): Int16Array {
  for (let from = 0, to = 0; from < values.length; from += 3, to += POINT) {
    out[to] = fractionOf(values[from] as number)
    out[to + 1] = fractionOf(values[from + 1] as number)
    out[to + 2] = fractionOf(values[from + 2] as number)
  }
  return out
}

/** A table's value of 0..1 as a whole number: one less than full at most, that it fits into 16 bits with a sign. */
function fractionOf(value: number): number {
  return Math.round(value * (2 ** FRACTION_BITS - 1))
}

/** For each 8-bit value: the lattice point below it, and how far it is on its way to the next, in 255ths. */
export function latticeOf(size: number): { point: Int32Array; rest: Int32Array } {
  const last = size - 1
  const point = Int32Array.from({ length: 256 }, (_, value) =>
    Math.min(Math.floor((value * last) / 255), last - 1),
  )
  return { point, rest: point.map((at, value) => value * last - at * 255) }
}
