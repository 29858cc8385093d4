import type { Size } from '../fit.ts'
import type { Effects } from './effects.ts'

/** Cells of the grain's lattice along the shorter side of a picture, however large it is. */
export const CELLS = 480
/** Places within a cell that are told apart. */
export const STEP_BITS = 4
const STEPS = 2 ** STEP_BITS
/** Of a picture whose shorter side is shorter, grain averages out within the pixels. */
const FULL_GRAIN_FROM = 320
/** Along a pixel. */
const MOST_CELLS = 6

/** Of a picture of that size: the vignette in 32,768ths; the grain in levels of 255, with 7 fraction bits, weaker where it averages out. */
export function wholeEffects({ vignette, grain }: Effects, { width, height }: Size): Effects {
  const share = Math.min(1, Math.min(width, height) / FULL_GRAIN_FROM)
  return { vignette: Math.round(vignette * 32_768), grain: Math.round(grain * share * 255 * 128) }
}

/** What counts of the places along a side of a picture. */
export type Side = {
  /** The square of the distance from the middle, of which half the side is 32,768. */
  squares: Uint32Array
  /** The first of the three cells that a place has its grain of: they lie around 0, which is in the middle. */
  cells: Int32Array
  /** How far it is on its way to the next one, in 16ths. */
  steps: Uint8Array
}

/** The columns and the rows of a picture of that size. */
export function sidesOf(size: Size): { columns: Side; rows: Side } {
  const shorter = shorterOf(size)
  return { columns: sideOf(size.width, shorter), rows: sideOf(size.height, shorter) }
}

/** The side along which there are as many cells as CELLS says: of a tiny picture it is longer, as there are only so many in a pixel. */
export function shorterOf({ width, height }: Size): number {
  return Math.max(Math.min(width, height), CELLS / MOST_CELLS)
}

function sideOf(length: number, shorter: number): Side {
  const fromMiddle = Int32Array.from({ length }, (_, place) => 2 * place + 1 - length)
  const places = fromMiddle.map((distance) => (distance * CELLS * (STEPS / 2)) / shorter)
  return {
    squares: Uint32Array.from(
      fromMiddle,
      (distance) => Math.floor((Math.abs(distance) * 32_768) / length) ** 2,
    ),
    cells: places.map((place) => place >> STEP_BITS),
    steps: Uint8Array.from(places, (place) => place & (STEPS - 1)),
  }
}

/** What the three cells weigh in 512ths, for each step: a quadratic B-spline, so that no lattice shows. */
export const WEIGHTS: readonly (readonly [number, number, number])[] = Array.from(
  { length: STEPS },
  (_, step) => {
    const [first, last] = [(STEPS - step) ** 2, step ** 2]
    return [first, 2 * STEPS ** 2 - first - last, last]
  },
)

/** The grain of a cell, -128 to 127: it looks random, and is the same in every picture. */
export function grainOf(across: number, down: number): number {
  const place = Math.imul(across, 0x9e3779b1) ^ Math.imul(down, 0x85ebca77)
  const mixed = Math.imul(place ^ (place >>> 16), 0x7feb352d)
  return Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b) >> 24
}

/**
 * The grain along the rows of pixels, one row after the other: for each cell from the first of the columns, that of its three
 * rows of cells together, as 16 bits with a sign. It gives `out` back, filled anew.
 */
export function grainLines(
  columns: Side,
  rows: Side,
  out = new Int16Array(lineLength(columns)),
): (y: number) => Int16Array {
  const first = columns.cells[0] as number
  const known = new Map<number, Int8Array>()
  const cellsAt = (down: number): Int8Array => {
    const cells = known.get(down) ?? new Int8Array(out.length)
    if (known.has(down)) return cells
    for (let i = 0; i < cells.length; i++) cells[i] = grainOf(first + i, down)
    known.delete(down - 3)
    known.set(down, cells)
    return cells
  }
  return (y) => {
    const down = rows.cells[y] as number
    const [a, b, c] = [cellsAt(down), cellsAt(down + 1), cellsAt(down + 2)]
    const [ofA, ofB, ofC] = WEIGHTS[rows.steps[y] as number] as readonly [number, number, number]
    for (let i = 0; i < out.length; i++)
      out[i] = (ofA * (a[i] as number) + ofB * (b[i] as number) + ofC * (c[i] as number)) >> 1
    return out
  }
}

/** How many cells the columns have their grain of. */
export function lineLength({ cells }: Side): number {
  return (cells.at(-1) as number) - (cells[0] as number) + 3
}
