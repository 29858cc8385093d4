import { type HeifItem, type HeifItems, readHeifItems } from '../heif/heif-items.ts'
import { av1Colors } from './av1-colors.ts'
import { type ColorCodes, type ColorSpace, codedSpace } from './color-space.ts'

/** Of the property that says how AV1 is to be decoded: what stands before its first units. */
const AV1C_BYTES = 4

/** How the primary picture of a HEIF file stores colours; `space` is null for sRGB. Of HEVC the decoder tells more. */
export function heifColor(file: Buffer): { space: ColorSpace | null; isPremultiplied: boolean } {
  const heif = readHeifItems(file)
  if (!heif) return { space: null, isPremultiplied: false }
  const id = heif.primary
  // A grid's tiles say it where the grid does not.
  const tiles = heif.references.find(({ name, from }) => name === 'dimg' && from === id)?.to ?? []
  const coded = heif.items.get(tiles[0] ?? id)
  const codes = nclxOf(heif.items.get(id)) ?? nclxOf(coded) ?? streamColors(heif, coded)
  return {
    space: codes && codedSpace(codes),
    isPremultiplied: heif.references.some(({ name, from }) => name === 'prem' && from === id),
  }
}

function nclxOf(item: HeifItem | undefined): ColorCodes | null {
  const bodies = item?.properties.filter(({ type }) => type === 'colr').map(({ body }) => body) ?? []
  const nclx = bodies.find((body) => body.length >= 8 && body.toString('latin1', 0, 4) === 'nclx')
  return nclx ? { primaries: nclx.readUInt16BE(4), transfer: nclx.readUInt16BE(6) } : null
}

/** What an AV1 picture itself says, in the property beside it or in its own bytes. */
function streamColors({ dataOf }: HeifItems, item: HeifItem | undefined): ColorCodes | null {
  const configuration = item?.properties.find(({ type }) => type === 'av1C')?.body
  if (!item || !configuration) return null
  const data = dataOf(item.id) ?? Buffer.alloc(0)
  try {
    return av1Colors(Buffer.concat([configuration.subarray(AV1C_BYTES), data]))
  } catch (error) {
    // Damaged: the decoder will say so.
    if (error instanceof RangeError) return null
    throw error
  }
}
