import { type ColorSpace, codedSpace, unlessSrgb } from './color-space.ts'
import { areUsable, BT709, type Primaries } from './primaries.ts'
import { power, sRgb, type Transfer } from './transfers.ts'

/** What a PNG file says of its colours: a profile that explains them, or a colour space; null for sRGB. */
type PngColor = { usesProfile: boolean; space: ColorSpace | null }

const SIGNATURE_BYTES = 8
/** Of gAMA and cHRM. */
const UNIT = 100_000
/** sRGB's, as writers round it: the power of 1 / 2.2 that comes near to its curve. */
const SRGB_GAMMA = { least: 0.45, most: 0.46 }
/** Of a cHRM that means sRGB's primaries. */
const ROUNDING = 0.002

/** By the chunk that counts most (PNG 3, 4.3): cICP, then iCCP, sRGB, and last gAMA and cHRM. */
export function pngColor(png: Buffer): PngColor {
  const chunks = chunksOf(png)
  const cicp = chunks.get('cICP')
  if (cicp?.length === 4) return { usesProfile: false, space: cicpSpace(cicp) }
  if (chunks.has('iCCP')) return { usesProfile: true, space: null }
  if (chunks.has('sRGB')) return { usesProfile: false, space: null }
  const transfer = gamma(chunks.get('gAMA'))
  const primaries = chromaticities(chunks.get('cHRM'))
  return { usesProfile: false, space: unlessSrgb({ primaries, transfer }) }
}

/** The chunks before the pixels. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>()
  for (let at = SIGNATURE_BYTES; at + 8 <= png.length; ) {
    const [length, name] = [png.readUInt32BE(at), png.toString('latin1', at + 4, at + 8)]
    if (name === 'IDAT') break
    chunks.set(name, png.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  return chunks
}

function cicpSpace(cicp: Buffer): ColorSpace | null {
  const [primaries = 2, transfer = 2, , isFullRange] = cicp
  const space = codedSpace({ primaries, transfer })
  return isFullRange === 0 ? narrowed(space ?? { primaries: BT709, transfer: sRgb }) : space
}

/** Of video, where 16 of 255 is black and 235 white. */
function narrowed({ primaries, transfer }: ColorSpace): ColorSpace {
  const light = (value: number) => transfer.light(Math.max(0, Math.min((value * 255 - 16) / 219, 1)))
  return { primaries, transfer: { ...transfer, light } }
}

function gamma(chunk: Buffer | undefined): Transfer {
  const value = chunk?.length === 4 ? chunk.readUInt32BE() / UNIT : 0
  if (value < 0.01 || (value >= SRGB_GAMMA.least && value <= SRGB_GAMMA.most)) return sRgb
  return power(1 / value)
}

function chromaticities(chunk: Buffer | undefined): Primaries {
  if (chunk?.length !== 32) return BT709
  const point = (i: number) =>
    [chunk.readUInt32BE(8 * i) / UNIT, chunk.readUInt32BE(8 * i + 4) / UNIT] as const
  const primaries = { white: point(0), red: point(1), green: point(2), blue: point(3) }
  const isNear = (['white', 'red', 'green', 'blue'] as const).every((name) =>
    [0, 1].every((i) => Math.abs((primaries[name][i] as number) - (BT709[name][i] as number)) <= ROUNDING),
  )
  return isNear || !areUsable(primaries) ? BT709 : primaries
}
