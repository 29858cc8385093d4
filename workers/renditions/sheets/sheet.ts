import type { OverlayOptions, Sharp } from 'sharp'
import type { Pixels } from '../pixels.ts'
import { sharp } from '../sharp.ts'
import { letter } from './letters.ts'

/** One picture of a sheet, and what is written below it. */
export type Tile = { name: string; picture: Pixels }

const GAP = 12
const LABEL_HEIGHT = 26
const BACKGROUND = '#f4f2ee'
const INK = [0x33, 0x33, 0x33] as const

/** The tiles, all of one size, in rows from the top left, each with its name below. */
export function drawSheet(tiles: readonly [Tile, ...Tile[]], columns: number): Sharp {
  const { width, height } = tiles[0].picture
  const [across, down] = [width + GAP, height + LABEL_HEIGHT + GAP]
  const pieces = tiles.flatMap(({ name, picture }, i): OverlayOptions[] => {
    const [left, top] = [GAP + (i % columns) * across, GAP + Math.floor(i / columns) * down]
    const label = letter(name, { width, height: LABEL_HEIGHT, ink: INK })
    return [
      { input: picture.data, raw: rawOf(picture), left, top },
      { input: label.data, raw: rawOf(label), left, top: top + height },
    ]
  })
  const canvas = sharp({
    create: {
      width: GAP + Math.min(columns, tiles.length) * across,
      height: GAP + Math.ceil(tiles.length / columns) * down,
      channels: 3,
      background: BACKGROUND,
    },
  })
  return canvas.composite(pieces).removeAlpha()
}

function rawOf({ width, height, channels }: Pixels) {
  return { width, height, channels }
}
