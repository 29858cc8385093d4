import type { Curve, Filter, Rgb } from './filters.ts'

/** Lattice points along each axis, as photo tools commonly write. */
export const TABLE_SIZE = 33

/**
 * A 3-D colour table: TABLE_SIZE³ colours of red, green and blue in 0..1, in the order of the `.cube` format,
 * red changing fastest and blue slowest. Between the points, interpolate.
 */
export type ColorTable = { readonly values: Float32Array }

/** The table that a filter is at full strength. */
export function compileFilter(filter: Filter): ColorTable {
  const tone = curveOf(filter.tone)
  const channels = [curveOf(filter.red), curveOf(filter.green), curveOf(filter.blue)] as const
  return tableOf((color) => {
    const mixed = saturate(mix(color, filter.mix), filter.saturation)
    const [red, green, blue] = mixed.map((value, channel) =>
      (channels[channel] as (value: number) => number)(tone(clamp(value))),
    ) as unknown as Rgb
    const light = luma([red, green, blue])
    return [red, green, blue].map((value, channel) => {
      // Squared, so that each tint has faded out where the other begins to show.
      const shadow = (filter.shadows[channel] as number) * (1 - light) ** 2
      const highlight = (filter.highlights[channel] as number) * light ** 2
      return clamp(filter.fade + (1 - filter.fade) * clamp(value + shadow + highlight))
    }) as unknown as Rgb
  })
}

/** The table that changes nothing. */
export function identityTable(): ColorTable {
  return tableOf((color) => color)
}

/** The table at a strength of 0 to 1: each colour that far on its way from itself to what the table says. */
export function atStrength(table: ColorTable, strength: number): ColorTable {
  const { values } = identityTable()
  return { values: values.map((from, i) => from + strength * ((table.values[i] as number) - from)) }
}

/** The table as text that photo tools read (Adobe Cube LUT Specification 1.0). */
export function toCube(table: ColorTable, title: string): string {
  const lines = [`TITLE "${title}"`, `LUT_3D_SIZE ${TABLE_SIZE}`]
  for (let i = 0; i < table.values.length; i += 3) {
    lines.push(Array.from(table.values.subarray(i, i + 3), (value) => value.toFixed(6)).join(' '))
  }
  return `${lines.join('\n')}\n`
}

function tableOf(colorAt: (color: Rgb) => Rgb): ColorTable {
  const values = new Float32Array(TABLE_SIZE ** 3 * 3)
  const last = TABLE_SIZE - 1
  let i = 0
  for (let blue = 0; blue <= last; blue++) {
    for (let green = 0; green <= last; green++) {
      for (let red = 0; red <= last; red++) {
        values.set(colorAt([red / last, green / last, blue / last]), i)
        i += 3
      }
    }
  }
  return { values }
}

function mix([red, green, blue]: Rgb, rows: Filter['mix']): Rgb {
  const [r, g, b] = rows.map((row) => row[0] * red + row[1] * green + row[2] * blue) as unknown as Rgb
  return [r, g, b]
}

function saturate(color: Rgb, saturation: number): Rgb {
  const light = luma(color)
  return color.map((value) => light + saturation * (value - light)) as unknown as Rgb
}

/** Weights of ITU-R BT.709. */
function luma([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** A smooth curve through the points that never falls where they rise: monotone cubic, Fritsch and Carlson (1980). */
function curveOf(points: Curve): (x: number) => number {
  const slopes = points.slice(1).map(([x, y], i) => {
    const [x0, y0] = points[i] as Curve[number]
    return (y - y0) / (x - x0)
  })
  const tangents = points.map((_, i) => {
    const [before, after] = [slopes[i - 1] ?? slopes[i], slopes[i] ?? slopes[i - 1]] as [number, number]
    // The harmonic mean keeps within the circle that guarantees monotony.
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after)
  })
  return (x) => {
    const i = Math.max(
      0,
      points.findLastIndex(([start], n) => start <= x && n < points.length - 1),
    )
    const [[x0, y0], [x1, y1]] = [points[i], points[i + 1]] as [Curve[number], Curve[number]]
    const width = x1 - x0
    const t = (x - x0) / width
    const [m0, m1] = [(tangents[i] as number) * width, (tangents[i + 1] as number) * width]
    return (
      y0 * (1 + 2 * t) * (1 - t) ** 2 +
      m0 * t * (1 - t) ** 2 +
      y1 * t ** 2 * (3 - 2 * t) -
      m1 * t ** 2 * (1 - t)
    )
  }
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1)
}
