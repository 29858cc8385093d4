import type { ColorTable } from '../../../src/photo/color-table.ts'
import type { Pixels } from '../pixels.ts'

const FRACTION_BITS = 15
const HALF = 1 << (FRACTION_BITS - 1)

/**
 * What applyTable does, without vectors, to the bit the same. All in whole numbers: the four weights are 255ths that add
 * up to 255, and table values carry 15 fraction bits, so their sum is the 8-bit result with 15 fraction bits.
 */
export function applyPlainly({ data, channels }: Pixels, { size, values }: ColorTable): void {
  const { rest, point } = latticeOf(size)
  const at = (list: Int32Array, level: number) => list[level] as number
  // Distance in the table between neighbours along each axis.
  const [redStep, greenStep, blueStep] = [3, 3 * size, 3 * size * size] as const
  const table = Int32Array.from(values, fractionOf)

  for (let i = 0; i < data.length; i += channels) {
    const [red, green, blue] = data.subarray(i, i + 3) as unknown as [number, number, number]
    const [r, g, b] = [at(rest, red), at(rest, green), at(rest, blue)]
    const [high, low] = [Math.max(r, g, b), Math.min(r, g, b)]
    const middle = r + g + b - high - low
    // From the near corner to the far one, first along the axis with the most of the way behind it, last along that with
    // the least.
    const near = at(point, red) * redStep + at(point, green) * greenStep + at(point, blue) * blueStep
    const far = near + redStep + greenStep + blueStep
    const second = near + (r === high ? redStep : g === high ? greenStep : blueStep)
    const third = far - (b === low ? blueStep : g === low ? greenStep : redStep)
    for (let channel = 0; channel < 3; channel++) {
      const sum =
        (255 - high) * at(table, near + channel) +
        (high - middle) * at(table, second + channel) +
        (middle - low) * at(table, third + channel) +
        low * at(table, far + channel)
      data[i + channel] = (sum + HALF) >> FRACTION_BITS
    }
  }
}

/** A table's value of 0..1 as a whole number: one less than full at most, that it fits into 16 bits with a sign. */
export function fractionOf(value: number): number {
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
