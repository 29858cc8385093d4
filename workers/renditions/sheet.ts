import type { OverlayOptions, Sharp } from 'sharp'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'

/** One picture of a sheet, and what is written below it. */
export type Tile = { name: string; picture: Pixels }

const GAP = 12
const LABEL_HEIGHT = 26
const BACKGROUND = '#f4f2ee'

/** The tiles, all of one size, in rows from the top left, each with its name. Names want a font that fontconfig finds. */
export async function drawSheet(tiles: readonly [Tile, ...Tile[]], columns: number): Promise<Sharp> {
  const { width, height } = tiles[0].picture
  const [across, down] = [width + GAP, height + LABEL_HEIGHT + GAP]
  const pieces = await Promise.all(
    tiles.map(async ({ name, picture }, i): Promise<OverlayOptions[]> => {
      const [left, top] = [GAP + (i % columns) * across, GAP + Math.floor(i / columns) * down]
      const { data, channels } = picture
      const label = await labelOf(name)
      const labelTop = top + height + Math.round((LABEL_HEIGHT - label.height) / 2)
      return [
        { input: data, raw: { width, height, channels }, left, top },
        { input: label.data, raw: label, left, top: labelTop },
      ]
    }),
  )
  const canvas = sharp({
    create: {
      width: GAP + Math.min(columns, tiles.length) * across,
      height: GAP + Math.ceil(tiles.length / columns) * down,
      channels: 3,
      background: BACKGROUND,
    },
  })
  return canvas.composite(pieces.flat()).removeAlpha()
}

async function labelOf(name: string) {
  // The bar, which nobody sees, gives every label the same height, so that they share a baseline.
  const text = `<span foreground="#333333">${name}<span alpha="1">|</span></span>`
  const { data, info } = await sharp({ text: { text, font: 'sans 11', rgba: true, dpi: 96 } })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels as 4 }
}
