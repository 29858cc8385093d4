import type { Photo } from '../clients/typescript/src/darkroom-client.ts'
import { decodeThumbhash } from '../clients/typescript/src/thumbhash.ts'

/** In characters, of which each shows two pixels, one above the other. */
export const TILE = { width: 14, height: 5 } as const

const RESET = '\u001b[0m'

type Rgb = readonly [red: number, green: number, blue: number]

/** What the 25 bytes of its thumbhash show of a photo, a line of text each, in 24 bits of colour or in 256 colours. */
export function tileOf({ thumbhash }: Photo, isTrueColor: boolean): string[] {
  const colorAt = pixelsOf(thumbhash ?? '')
  const code = isTrueColor ? (rgb: Rgb) => `2;${rgb.join(';')}` : (rgb: Rgb) => `5;${nearestOf256(rgb)}`
  return Array.from({ length: TILE.height }, (_, row) => {
    const cells = Array.from({ length: TILE.width }, (_, column) => {
      const [upper, lower] = [colorAt(column, row * 2), colorAt(column, row * 2 + 1)]
      return `\u001b[38;${code(upper)};48;${code(lower)}m▀`
    })
    return `${cells.join('')}${RESET}`
  })
}

/** Cropped to the tile around the middle, on black where it is clear. */
function pixelsOf(thumbhash: string): (x: number, y: number) => Rgb {
  if (thumbhash === '') return () => [0, 0, 0]
  const { width, height, rgba } = decodeThumbhash(Buffer.from(thumbhash, 'base64'))
  const [across, down] = [TILE.width, TILE.height * 2]
  const scale = Math.min(width / across, height / down)
  const at = (place: number, count: number, size: number) =>
    Math.min(size - 1, Math.max(0, Math.floor(size / 2 + (place + 0.5 - count / 2) * scale)))
  return (x, y) => {
    const first = (at(y, down, height) * width + at(x, across, width)) * 4
    const opacity = (rgba[first + 3] ?? 255) / 255
    const channel = (index: number) => Math.round((rgba[first + index] ?? 0) * opacity)
    return [channel(0), channel(1), channel(2)]
  }
}

/** The nearest of the cube of 6 x 6 x 6 that terminals of 256 colours have. */
function nearestOf256(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => Math.round((value / 255) * 5)) as [number, number, number]
  return 16 + 36 * red + 6 * green + blue
}
