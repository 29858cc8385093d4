import { type ColorTable, lookUp } from './color-table.ts'
import { encodePng } from './png.ts'

/** A HALD of level 8 holds 64 points along each axis in a picture of 512 × 512. */
const LEVEL = 8
const POINTS = LEVEL ** 2
const SIDE = LEVEL ** 3

/**
 * The table as a HALD CLUT (Eskil Steenberg's layout: pixel r + 64 g + 4096 b, in rows) of level 8, an 8-bit PNG
 * for tools and shaders that read pictures. Its points are looked up in the table, tetrahedra between, so it says
 * what the table says to within half a step of 255.
 */
export async function toHald(table: ColorTable): Promise<Buffer> {
  const data = Buffer.alloc(SIDE * SIDE * 3)
  const color = new Float64Array(3)
  let i = 0
  for (let blue = 0; blue < POINTS; blue++) {
    for (let green = 0; green < POINTS; green++) {
      for (let red = 0; red < POINTS; red++) {
        const last = POINTS - 1
        for (const value of lookUp(table, [red / last, green / last, blue / last], color)) {
          data[i++] = Math.round(value * 255)
        }
      }
    }
  }
  return await encodePng({ data, width: SIDE, height: SIDE })
}
