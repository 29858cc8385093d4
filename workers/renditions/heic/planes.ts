import type { Size } from '../../../src/photo/fit.ts'

/** One channel, row by row without gaps: 8 bits a sample, or 9 to 16 in 16. */
export type Plane = Size & { data: Uint8Array | Uint16Array }

/** How samples stand for colours: `bits` a sample, and the numbers of ITU-T H.273 for the rest. */
export type ColorCoding = {
  bits: number
  primaries: number
  transfer: number
  matrix: number
  isFullRange: boolean
}

/** A decoded picture, upright. Cb and Cr are absent when it is grey, and may be smaller than Y. */
export type Planes = Size &
  ColorCoding & { y: Plane; cb: Plane | null; cr: Plane | null; alpha: Plane | null }
