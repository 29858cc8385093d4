import type { Size } from '../../../src/photo/fit.ts'
import type { Rgb } from '../../../src/photo/look/filter.ts'
import type { Pixels } from '../pixels.ts'

/**
 * What names of filters are written with, as strokes of a pen: points `x,y` on a grid, two spaces between strokes, the
 * baseline at 22, capitals from 1. From A. V. Hershey's simplex, which anybody may use who says so. Letters of our own
 * want no font on the machine, and look the same on each.
 */
const LETTERS: Readonly<Record<string, string>> = {
  a: '15,8 15,22  15,11 13,9 11,8 8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19',
  b: '4,1 4,22  4,11 6,9 8,8 11,8 13,9 15,11 16,14 16,16 15,19 13,21 11,22 8,22 6,21 4,19',
  c: '15,11 13,9 11,8 8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19',
  d: '15,1 15,22  15,11 13,9 11,8 8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19',
  e: '3,14 15,14 15,12 14,10 13,9 11,8 8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19',
  f: '10,1 8,1 6,2 5,5 5,22  2,8 9,8',
  g: '15,8 15,24 14,27 13,28 11,29 8,29 6,28  15,11 13,9 11,8 8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19',
  h: '4,1 4,22  4,12 7,9 9,8 12,8 14,9 15,12 15,22',
  i: '3,1 4,2 5,1 4,0 3,1  4,8 4,22',
  j: '5,1 6,2 7,1 6,0 5,1  6,8 6,25 5,28 3,29 1,29',
  k: '4,1 4,22  14,8 4,18  8,14 15,22',
  l: '4,1 4,22',
  m: '4,8 4,22  4,12 7,9 9,8 12,8 14,9 15,12 15,22  15,12 18,9 20,8 23,8 25,9 26,12 26,22',
  n: '4,8 4,22  4,12 7,9 9,8 12,8 14,9 15,12 15,22',
  o: '8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19 16,16 16,14 15,11 13,9 11,8 8,8',
  p: '4,8 4,29  4,11 6,9 8,8 11,8 13,9 15,11 16,14 16,16 15,19 13,21 11,22 8,22 6,21 4,19',
  q: '15,8 15,29  15,11 13,9 11,8 8,8 6,9 4,11 3,14 3,16 4,19 6,21 8,22 11,22 13,21 15,19',
  r: '4,8 4,22  4,14 5,11 7,9 9,8 12,8',
  s: '14,11 13,9 10,8 7,8 4,9 3,11 4,13 6,14 11,15 13,16 14,18 14,19 13,21 10,22 7,22 4,21 3,19',
  t: '5,1 5,18 6,21 8,22 10,22  2,8 9,8',
  u: '4,8 4,18 5,21 7,22 10,22 12,21 15,18  15,8 15,22',
  v: '2,8 8,22  14,8 8,22',
  w: '3,8 7,22  11,8 7,22  11,8 15,22  19,8 15,22',
  x: '3,8 14,22  14,8 3,22',
  y: '2,8 8,22  14,8 8,22 6,26 4,28 2,29 1,29',
  z: '14,8 3,22  3,8 14,8  3,22 14,22',
  0: '9,1 6,2 4,5 3,10 3,13 4,18 6,21 9,22 11,22 14,21 16,18 17,13 17,10 16,5 14,2 11,1 9,1',
  1: '6,5 8,4 11,1 11,22',
  2: '4,6 4,5 5,3 6,2 8,1 12,1 14,2 15,3 16,5 16,7 15,9 13,12 3,22 17,22',
  3: '5,1 16,1 10,9 13,9 15,10 16,11 17,14 17,16 16,19 14,21 11,22 8,22 5,21 4,20 3,18',
  4: '13,1 3,15 18,15  13,1 13,22',
  5: '15,1 5,1 4,10 5,9 8,8 11,8 14,9 16,11 17,14 17,16 16,19 14,21 11,22 8,22 5,21 4,20 3,18',
  6: '16,4 15,2 12,1 10,1 7,2 5,5 4,10 4,15 5,19 7,21 10,22 11,22 14,21 16,19 17,16 17,15 16,12 14,10 11,9 10,9 7,10 5,12 4,15',
  7: '17,1 7,22  3,1 17,1',
  8: '8,1 5,2 4,4 4,6 5,8 7,9 11,10 14,11 16,13 17,15 17,18 16,20 15,21 12,22 8,22 5,21 4,20 3,18 3,15 4,13 6,11 9,10 13,9 15,8 16,6 16,4 15,2 12,1 8,1',
  9: '16,8 15,11 13,13 10,14 9,14 6,13 4,11 3,8 3,7 4,4 6,2 9,1 10,1 13,2 15,4 16,8 16,13 15,18 13,21 10,22 8,22 5,21 4,19',
  '-': '4,13 13,13',
  '.': '5,20 4,21 5,22 6,21 5,20',
}

const SCALE = 0.55
const PEN_PX = 1.4
const SPACE = 12

type Point = readonly [x: number, y: number]
type Label = Size & { ink: Rgb }

/**
 * A word as a picture of that size, in pixels: from the left, small letters in the middle of the height, cut where it
 * is too long. What is no small letter, digit, hyphen or full stop is a space.
 */
export function letter(word: string, { width, height, ink }: Label): Pixels {
  const picture = { data: Buffer.alloc(width * height * 4), width, height, channels: 4 } as const
  for (let i = 0; i < picture.data.length; i += 4) picture.data.set(ink, i)
  let left = 0
  const top = height / 2 - 15 * SCALE
  for (const char of word) {
    const strokes = strokesOf(char)
    for (const stroke of strokes) {
      const points = stroke.map(([x, y]): Point => [left + x * SCALE, top + y * SCALE])
      for (const [i, to] of points.entries()) drawLine(picture, points[i - 1] ?? to, to)
    }
    // As much room on its right as on its left.
    const across = strokes.flat().map(([x]) => x)
    left += SCALE * (across.length > 0 ? Math.min(...across) + Math.max(...across) : SPACE)
  }
  return picture
}

function strokesOf(char: string): Point[][] {
  const strokes = LETTERS[char]?.split('  ') ?? []
  return strokes.map((stroke) =>
    stroke.split(' ').map((point) => point.split(',').map(Number) as unknown as Point),
  )
}

/** With a round pen: a pixel is inked as far as the pen covers it, and keeps what it has of other lines. */
function drawLine({ data, width, height }: Pixels, from: Point, to: Point): void {
  const reach = PEN_PX / 2 + 1
  const [x0, x1] = [Math.min(from[0], to[0]) - reach, Math.max(from[0], to[0]) + reach]
  const [y0, y1] = [Math.min(from[1], to[1]) - reach, Math.max(from[1], to[1]) + reach]
  for (let y = Math.max(0, Math.floor(y0)); y < Math.min(height, y1); y++) {
    for (let x = Math.max(0, Math.floor(x0)); x < Math.min(width, x1); x++) {
      const covered = Math.min(1, PEN_PX / 2 + 0.5 - distance([x + 0.5, y + 0.5], from, to))
      const alpha = (y * width + x) * 4 + 3
      data[alpha] = Math.max(data[alpha] as number, Math.round(covered * 255))
    }
  }
}

/** From a point to the nearest one of a line. */
function distance([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length))
  return Math.hypot(x - ax - along * dx, y - ay - along * dy)
}
