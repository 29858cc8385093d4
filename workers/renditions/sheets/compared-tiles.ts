import { colorDifference, labOf } from '../color/color-difference.ts'
import { likenessOf, seeFile } from '../likeness.ts'
import type { Pixels } from '../pixels.ts'
import { sharp } from '../sharp.ts'

/** Two pictures of a photo side by side, and where they differ; `difference` is the mean ΔE2000 from afar. */
export type ComparedTiles = { before: Pixels; after: Pixels; map: Pixels; difference: number }

const TILE = 240
const BACKGROUND = '#f4f2ee'
/** Of this ΔE and more a point of the map is white. */
const WHITE = 10
/** Of pictures that have no shape in common. */
const UNLIKE = 100

export async function compareTiles(before: Buffer, after: Buffer): Promise<ComparedTiles> {
  const [one, other] = [await tileOf(before), await tileOf(after)]
  const map = Buffer.alloc(one.data.length)
  for (let at = 0; at < map.length; at += 3) {
    const difference = colorDifference(labOf(one.data.readUIntBE(at, 3)), labOf(other.data.readUIntBE(at, 3)))
    map.fill(Math.round((Math.min(difference, WHITE) / WHITE) * 255), at, at + 3)
  }
  const likeness = likenessOf(await seeFile(before), await seeFile(after))
  return { before: one, after: other, map: { ...one, data: map }, difference: likeness?.difference ?? UNLIKE }
}

async function tileOf(file: Buffer): Promise<Pixels> {
  const data = await sharp(file)
    .resize(TILE, TILE, { fit: 'contain', background: BACKGROUND })
    .flatten({ background: BACKGROUND })
    .toColourspace('srgb')
    .raw()
    .toBuffer()
  return { data, width: TILE, height: TILE, channels: 3 }
}
