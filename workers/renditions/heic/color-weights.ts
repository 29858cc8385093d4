import type { ColorCoding } from './planes.ts'

/** Weights of red and blue in brightness, by matrix number (ITU-T H.273, table 4). */
const MATRICES: Record<number, [red: number, blue: number]> = {
  1: [0.2126, 0.0722],
  4: [0.3, 0.11],
  7: [0.212, 0.087],
  9: [0.2627, 0.0593],
}
/** BT.601, which 5 and 6 mean and unspecified ones are taken for. */
const BT601: [number, number] = [0.299, 0.114]

/** The matrix number that says: the planes are green, blue and red. */
export const GBR = 0

/** The samples that mean black and no colour, and how much of each difference from them is in 8-bit RGB. */
export type ColorWeights = {
  black: number
  grey: number
  light: number
  redFromCr: number
  greenFromCb: number
  greenFromCr: number
  blueFromCb: number
}

/** The inverse of the matrix (H.273, 8.3) with the scaling of full or narrow range. */
export function colorWeightsOf({ bits, matrix, isFullRange }: ColorCoding): ColorWeights {
  const [red, blue] = MATRICES[matrix] ?? BT601
  const green = 1 - red - blue
  const unit = 2 ** (bits - 8)
  const full = 2 ** bits - 1
  const [black, range, chromaRange] = isFullRange ? [0, full, full] : [16 * unit, 219 * unit, 224 * unit]
  const perChroma = 255 / chromaRange
  return {
    black,
    grey: 128 * unit,
    light: 255 / range,
    redFromCr: 2 * (1 - red) * perChroma,
    greenFromCb: ((-2 * blue * (1 - blue)) / green) * perChroma,
    greenFromCr: ((-2 * red * (1 - red)) / green) * perChroma,
    blueFromCb: 2 * (1 - blue) * perChroma,
  }
}
