import { type ColorTable, TABLE_SIZE } from '../../src/photo/color-table.ts'
import type { Pixels } from './pixels.ts'

const LAST = TABLE_SIZE - 1
const FRACTION_BITS = 16
const HALF = 1 << (FRACTION_BITS - 1)

/** Distance in the table between neighbours along each axis. */
const RED = 3
const GREEN = RED * TABLE_SIZE
const BLUE = GREEN * TABLE_SIZE
const FAR = RED + GREEN + BLUE

/** For each 8-bit value: the lattice point below it, and how far it is on its way to the next, in 255ths. */
const POINT = Int32Array.from({ length: 256 }, (_, value) =>
  Math.min(Math.floor((value * LAST) / 255), LAST - 1),
)
const REST = POINT.map((point, value) => value * LAST - point * 255)
const [RED_AT, GREEN_AT, BLUE_AT] = [RED, GREEN, BLUE].map((step) => POINT.map((point) => point * step)) as [
  Int32Array,
  Int32Array,
  Int32Array,
]

/**
 * Looks every pixel up in the table, in place; alpha stays. Tetrahedral interpolation: the six tetrahedra of a
 * cell share its diagonal of greys, so greys come out as clean as the table's.
 *
 * All in whole numbers: the four weights are 255ths that add up to 255, and table values carry 16 fraction bits,
 * so their sum is the 8-bit result with 16 fraction bits. The identity table gives back every pixel exactly.
 * Written out per channel with Math.imul, which halves the time of the obvious loop: 3.1 MP in 50 ms.
 */
export function applyTable({ data, channels }: Pixels, { values }: ColorTable): void {
  const mul = Math.imul
  const table = new Int32Array(values.length)
  for (let i = 0; i < table.length; i++) table[i] = (values[i] as number) * 2 ** FRACTION_BITS + 0.5
  const at = (index: number) => table[index] as number

  for (let i = 0; i < data.length; i += channels) {
    const red = data[i] as number
    const green = data[i + 1] as number
    const blue = data[i + 2] as number
    const r = REST[red] as number
    const g = REST[green] as number
    const b = REST[blue] as number
    const near = ((RED_AT[red] as number) + (GREEN_AT[green] as number) + (BLUE_AT[blue] as number)) | 0

    // From the near corner to the far one, first along the axis with the most of the way behind it.
    let second = near
    let third = near
    let high = 0
    let middle = 0
    let low = 0
    if (r >= g) {
      if (g >= b) {
        second += RED
        third += RED + GREEN
        high = r
        middle = g
        low = b
      } else if (r >= b) {
        second += RED
        third += RED + BLUE
        high = r
        middle = b
        low = g
      } else {
        second += BLUE
        third += RED + BLUE
        high = b
        middle = r
        low = g
      }
    } else if (b >= g) {
      second += BLUE
      third += GREEN + BLUE
      high = b
      middle = g
      low = r
    } else if (b >= r) {
      second += GREEN
      third += GREEN + BLUE
      high = g
      middle = b
      low = r
    } else {
      second += GREEN
      third += RED + GREEN
      high = g
      middle = r
      low = b
    }

    const far = near + FAR
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
