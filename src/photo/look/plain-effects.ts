import type { Size } from '../fit.ts'
import { grainLines, sidesOf, WEIGHTS, wholeEffects } from './effect-lattice.ts'
import { type Effects, hasEffects } from './effects.ts'
import type { PlainPixels } from './plain-table.ts'

/**
 * What renditions are made with, without vectors, to the bit the same: darkens a whole picture towards its corners and then
 * grains it, in place; alpha stays. All in whole numbers, levels with 15 fraction bits, and rounded once.
 */
export function applyEffectsPlainly(picture: PlainPixels & Size, effects: Effects): void {
  if (!hasEffects(effects)) return
  const { data, channels, width, height } = picture
  const { vignette, grain } = wholeEffects(effects, picture)
  const { columns, rows } = sidesOf(picture)
  const { squares, cells, steps } = columns
  const lineAt = grainLines(columns, rows)
  const start = cells[0] as number

  for (let y = 0, i = 0; y < height; y++) {
    const line = lineAt(y)
    const down = rows.squares[y] as number
    for (let x = 0; x < width; x++, i += channels) {
      const [red, green, blue] = [data[i] as number, data[i + 1] as number, data[i + 2] as number]
      const square = ((squares[x] as number) + down) >>> 16
      const gain = 32_768 - ((((square * square) >> 15) * vignette) >> 15)

      const at = (cells[x] as number) - start
      const [first, second, third] = WEIGHTS[steps[x] as number] as readonly [number, number, number]
      const random =
        (first * (line[at] as number) +
          second * (line[at + 1] as number) +
          third * (line[at + 2] as number)) >>
        9
      // Most in middle greys, none in black and white.
      const light = (((54 * red + 183 * green + 19 * blue) >> 8) * gain) >> 15
      const grained = (((random * (light * (255 - light))) >> 14) * grain) >> 7

      data[i] = levelOf(red * gain + grained)
      data[i + 1] = levelOf(green * gain + grained)
      data[i + 2] = levelOf(blue * gain + grained)
    }
  }
}

function levelOf(value: number): number {
  return Math.min(Math.max((value + 16_384) >> 15, 0), 255)
}
