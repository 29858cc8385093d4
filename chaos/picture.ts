import sharp from 'sharp'
import type { Size } from '../src/photo/fit.ts'

export const PICTURE: Size = { width: 400, height: 300 }

/** The number is written in a square of so many cells a side, as high as the picture, in its middle: a square crop keeps it. */
const CELLS = 5
/** Then come as many cells with its complement, which tell that it was read right, and one that is always light. */
const NUMBER_BITS = 12

type Color = readonly [red: number, green: number, blue: number]
const DARK: Color = [28, 30, 40]
const LIGHT: readonly Color[] = [
  [240, 190, 60],
  [80, 225, 130],
  [110, 190, 240],
  [240, 130, 200],
]

/** Of an encoded and scaled cell, in levels of 256. */
const TOLERANCE = 26

/** A JPEG that shows the number, 0 to 4095, and is as many bytes as a small photo. */
export async function drawPicture(number: number): Promise<Buffer> {
  const { width, height } = PICTURE
  const cells = cellsOf(number)
  const light = colorOf(number)
  const pixels = Buffer.alloc(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    const cell = cellAt(PICTURE, i % width, Math.floor(i / width))
    const color = cell !== null && cells[cell] ? light : DARK
    for (const [channel, level] of color.entries()) {
      pixels[i * 3 + channel] = level + (((i * 2_654_435_761) >>> 24) % 11) - 5
    }
  }
  return await sharp(pixels, { raw: { ...PICTURE, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer()
}

/** The same picture as other bytes: with a comment after its first marker (SOI, then COM, of ITU T.81). */
export function withComment(jpeg: Buffer, comment: string): Buffer {
  const text = Buffer.from(comment)
  const segment = Buffer.from([0xff, 0xfe, 0, 0])
  segment.writeUInt16BE(text.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), segment, text, jpeg.subarray(2)])
}

export type Seen = Size & {
  format: string
  /** Null when it shows none. */
  number: number | null
  /** Whether its light is the color that goes with the number, or a grey. */
  light: 'color' | 'grey' | 'neither'
}

/** Decodes a picture or a rendition of one. Throws when that can't be done. */
export async function readPicture(file: Buffer): Promise<Seen> {
  const { format: container, compression } = await sharp(file).metadata()
  const { data, info } = await sharp(file)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const size = { width: info.width, height: info.height }
  const means = meansOfCells(data, size)
  const levels = means.map(([red, green, blue]) => (red + green + blue) / 3)
  const threshold = (Math.min(...levels) + Math.max(...levels)) / 2
  const number = numberOf(levels.map((level) => level > threshold))
  const lights = means.filter((_, cell) => (levels[cell] as number) > threshold)
  return {
    ...size,
    format: compression === 'av1' ? 'avif' : container,
    number,
    light: lightOf(lights, number),
  }
}

function cellsOf(number: number): boolean[] {
  const bits = Array.from({ length: NUMBER_BITS }, (_, bit) => ((number >> bit) & 1) === 1)
  return [...bits, ...bits.map((bit) => !bit), true]
}

function numberOf(cells: readonly boolean[]): number | null {
  const bits = cells.slice(0, NUMBER_BITS)
  const number = bits.reduce((sum, bit, place) => sum + (bit ? 2 ** place : 0), 0)
  return cellsOf(number).every((cell, index) => cell === cells[index]) ? number : null
}

function colorOf(number: number): Color {
  return LIGHT[number % LIGHT.length] as Color
}

function lightOf(lights: readonly Color[], number: number | null): Seen['light'] {
  const isNear = (a: number, b: number) => Math.abs(a - b) <= TOLERANCE
  if (lights.every(([red, green, blue]) => isNear(red, green) && isNear(green, blue))) return 'grey'
  const expected = colorOf(number ?? 0)
  const isColor = lights.every((light) => light.every((level, i) => isNear(level, expected[i] as number)))
  return isColor ? 'color' : 'neither'
}

/** Which cell a pixel lies in, row by row; null outside of the square. */
function cellAt({ width, height }: Size, x: number, y: number): number | null {
  const side = Math.min(width, height) / CELLS
  const column = Math.floor((x - (width - side * CELLS) / 2) / side)
  const row = Math.floor((y - (height - side * CELLS) / 2) / side)
  return column >= 0 && column < CELLS && row >= 0 && row < CELLS ? row * CELLS + column : null
}

/** The mean color of the middle of each cell, away from its edges. */
function meansOfCells(pixels: Buffer, size: Size): Color[] {
  const side = Math.min(size.width, size.height) / CELLS
  const [left, top] = [(size.width - side * CELLS) / 2, (size.height - side * CELLS) / 2]
  return Array.from({ length: CELLS * CELLS }, (_, cell) => {
    const [column, row] = [cell % CELLS, Math.floor(cell / CELLS)]
    const sum = [0, 0, 0]
    let count = 0
    for (let y = Math.ceil(top + (row + 0.3) * side); y < top + (row + 0.7) * side; y++) {
      for (let x = Math.ceil(left + (column + 0.3) * side); x < left + (column + 0.7) * side; x++) {
        for (let channel = 0; channel < 3; channel++) {
          sum[channel] = (sum[channel] as number) + (pixels[(y * size.width + x) * 3 + channel] as number)
        }
        count++
      }
    }
    return sum.map((total) => total / count) as [number, number, number]
  })
}
