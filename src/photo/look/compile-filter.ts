import { type ColorTable, TABLE_SIZE, tableOf } from './color-table.ts'
import { curveOf } from './curve.ts'
import type { Filter, Rgb } from './filter.ts'

/** The table that a filter is at full strength. */
export function compileFilter({ mix, saturation, shadows, highlights, fade, ...curves }: Filter): ColorTable {
  const tone = curveOf(curves.tone)
  const channels = [curves.red, curves.green, curves.blue].map(curveOf)
  const color = new Float64Array(3)

  return tableOf(TABLE_SIZE, (...input) => {
    for (let i = 0; i < 3; i++) color[i] = dot(mix[i] as Rgb, input)
    const grey = luma(color)
    for (let i = 0; i < 3; i++) {
      const channel = channels[i] as (value: number) => number
      color[i] = channel(tone(clamp(grey + saturation * ((color[i] as number) - grey))))
    }
    const light = luma(color)
    for (let i = 0; i < 3; i++) {
      // Squared, so that each tint has faded out where the other begins to show.
      const shadow = (shadows[i] as number) * (1 - light) * (1 - light)
      const highlight = (highlights[i] as number) * light * light
      color[i] = fade + (1 - fade) * clamp((color[i] as number) + shadow + highlight)
    }
    return color
  })
}

/** Weights of ITU-R BT.709. */
function luma(color: Float64Array): number {
  return dot([0.2126, 0.7152, 0.0722], color)
}

function dot([red, green, blue]: Rgb, color: Rgb | Float64Array): number {
  return red * (color[0] as number) + green * (color[1] as number) + blue * (color[2] as number)
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1)
}
