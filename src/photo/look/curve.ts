import type { Curve } from './filter.ts'

/** A smooth curve through the points that never falls where they rise: monotone cubic, Fritsch and Carlson (1980). */
export function curveOf(points: Curve): (x: number) => number {
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
    let i = 0
    while (i < points.length - 2 && (points[i + 1] as Curve[number])[0] <= x) i += 1
    const [x0, y0] = points[i] as Curve[number]
    const [x1, y1] = points[i + 1] as Curve[number]
    const width = x1 - x0
    const t = (x - x0) / width
    const m0 = (tangents[i] as number) * width
    const m1 = (tangents[i + 1] as number) * width
    const u = 1 - t
    return y0 * (1 + 2 * t) * u * u + m0 * t * u * u + y1 * t * t * (3 - 2 * t) - m1 * t * t * u
  }
}
