import type { Rgb } from './filter.ts'

/** Lattice points along each axis of the tables we make, as photo tools commonly write. */
export const TABLE_SIZE = 33

/** Every value is a whole number of these, so that text and bytes of a table carry the very same numbers. */
export const STEPS = 65_535

/**
 * A 3-D colour table: size³ colours of red, green and blue in 0..1, in the order of the `.cube` format, red
 * changing fastest and blue slowest. Between the points, interpolate within tetrahedra.
 */
export type ColorTable = { readonly size: number; readonly values: Float32Array }

/** The table of what `colorAt` says at each lattice point, kept to 0..1. It may reuse the array it gives back. */
export function tableOf(
  size: number,
  colorAt: (red: number, green: number, blue: number) => Rgb | Float64Array,
): ColorTable {
  const values = new Float32Array(size ** 3 * 3)
  const last = size - 1
  let i = 0
  for (let blue = 0; blue < size; blue++) {
    for (let green = 0; green < size; green++) {
      for (let red = 0; red < size; red++) {
        const color = colorAt(red / last, green / last, blue / last)
        for (let channel = 0; channel < 3; channel++) {
          const value = Math.min(Math.max(color[channel] as number, 0), 1)
          values[i++] = Math.round(value * STEPS) / STEPS
        }
      }
    }
  }
  return { size, values }
}

/** The table that changes nothing. */
export function identityTable(size = TABLE_SIZE): ColorTable {
  return tableOf(size, (red, green, blue) => [red, green, blue])
}

/** The table at a strength of 0 to 1: each colour that far on its way from itself to what the table says. */
export function atStrength({ size, values }: ColorTable, strength: number): ColorTable {
  const blended = new Float32Array(values.length)
  const last = size - 1
  const blend = (i: number, place: number) => {
    const from = place / last
    blended[i] = from + strength * ((values[i] as number) - from)
  }
  let i = 0
  for (let blue = 0; blue < size; blue++) {
    for (let green = 0; green < size; green++) {
      for (let red = 0; red < size; red++) {
        blend(i++, red)
        blend(i++, green)
        blend(i++, blue)
      }
    }
  }
  return { size, values: blended }
}

/** The table's values as the whole numbers that they are. */
export function stepsOf({ values }: Pick<ColorTable, 'values'>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, (value) => Math.round(value * STEPS))
}

/** The very table that these are the steps of. */
export function tableOfSteps(size: number, steps: Uint16Array): ColorTable {
  return { size, values: Float32Array.from(steps, (step) => step / STEPS) }
}

/**
 * What the table says of a color of 0..1, written to `out`. Tetrahedral interpolation: from the lattice point
 * below the color to the one above, along the axis with the most of the way behind it first.
 */
export function lookUp(
  { size, values }: ColorTable,
  [red, green, blue]: Rgb,
  out: Float64Array,
): Float64Array {
  const last = size - 1
  const [r, g, b] = [red * last, green * last, blue * last]
  const [r0, g0, b0] = [below(r, last), below(g, last), below(b, last)]
  const [restR, restG, restB] = [r - r0, g - g0, b - b0]
  const near = 3 * (r0 + size * (g0 + size * b0))
  const far = near + 3 * (1 + size + size * size)

  const [high, middle, low] = [
    Math.max(restR, restG, restB),
    median(restR, restG, restB),
    Math.min(restR, restG, restB),
  ]
  const step = [3, 3 * size, 3 * size * size]
  const first = restR === high ? 0 : restG === high ? 1 : 2
  const final = restB === low && first !== 2 ? 2 : restG === low && first !== 1 ? 1 : 0
  const second = near + (step[first] as number)
  const third = far - (step[final] as number)
  for (let channel = 0; channel < 3; channel++) {
    out[channel] =
      (1 - high) * (values[near + channel] as number) +
      (high - middle) * (values[second + channel] as number) +
      (middle - low) * (values[third + channel] as number) +
      low * (values[far + channel] as number)
  }
  return out
}

/** The lattice point below; the last one is the upper end of its cell. */
function below(place: number, last: number): number {
  return Math.min(Math.floor(place), last - 1)
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}
