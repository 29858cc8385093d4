import type { Size } from '../../../src/photo/fit.ts'
import { type Color, meaningOf } from '../color/color-of.ts'
import { codedSpace } from '../color/color-space.ts'
import { inSrgb } from '../color/in-srgb.ts'
import { type Samples, scaleSamples } from '../color/samples.ts'
import { withStraightAlpha } from '../color/straight-alpha.ts'
import { asCorruptPhoto } from '../corrupt-photo.ts'
import { free, type Pixels, withoutIdleAlpha } from '../pixels.ts'
import { sharp } from '../sharp.ts'
import { decodePlanes } from './decode-planes.ts'
import { halvedToRgb, isHalved } from './fast-rgb.ts'
import type { Plane, Planes } from './planes.ts'
import { toRgb } from './to-rgb.ts'

/**
 * Decodes a HEIC photo at that size, upright, to 8-bit sRGB. Throws CorruptPhotoError rather than give back a
 * picture with a part missing.
 */
export async function decodeHeic(
  original: Buffer,
  { meaning, isPremultiplied }: Color,
  size: Size,
  maxPixels: number,
): Promise<Pixels> {
  const planes = await asCorruptPhoto(decodePlanes(original, maxPixels))
  // What a profile says counts more than what the stream does.
  const means = meaning.kind === 'profile' ? meaning : meaningOf(codedSpace(planes))
  const samples = await samplesOf(planes, means.kind === 'space')
  const whole = isPremultiplied ? withStraightAlpha(samples) : samples
  // Scaled before colours are converted: there are fewer to convert.
  const scaled = await scaleSamples(whole, size)
  if (scaled !== whole) free([whole.data])
  return withoutIdleAlpha(await inSrgb(scaled, means))
}

/** The samples of an item in 8 bits, as they are in the file. Throws an Error when any part can't be decoded. */
export async function readHeicItem(
  original: Buffer,
  item: number,
  maxPixels: number,
): Promise<Samples & { isGrey: boolean }> {
  const planes = await decodePlanes(original, maxPixels, item)
  return { ...(await samplesOf(planes, false)), isGrey: planes.cb === null }
}

/** Values that a space explains keep their bits: HDR has more than 8 to tell. The planes' memory is given back. */
async function samplesOf(planes: Planes, keepsBits: boolean): Promise<Samples> {
  const { y, cb, cr, alpha } = planes
  const samples = await rgbOf(planes, keepsBits)
  free([y, cb, cr, alpha].flatMap((plane) => plane?.data ?? []))
  return samples
}

async function rgbOf(planes: Planes, keepsBits: boolean): Promise<Samples> {
  const rgb = isHalved(planes) ? halvedToRgb(planes) : null
  if (rgb) return { ...rgb, white: 255 }
  const [cb, cr] = await Promise.all(
    [planes.cb, planes.cr].map((plane) => plane && scalePlane(plane, planes)),
  )
  return toRgb({ ...planes, cb: cb ?? null, cr: cr ?? null }, keepsBits && planes.bits > 8 ? 65_535 : 255)
}

async function scalePlane(plane: Plane, { width, height }: Size): Promise<Plane> {
  if (plane.width === width && plane.height === height) return plane
  const is16Bit = plane.data.BYTES_PER_ELEMENT === 2
  const bytes = await sharp(plane.data, { raw: { width: plane.width, height: plane.height, channels: 1 } })
    .resize(width, height, { fit: 'fill' })
    .toColourspace(is16Bit ? 'grey16' : 'b-w')
    .raw({ depth: is16Bit ? 'ushort' : 'uchar' })
    .toBuffer()
  const data = is16Bit ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2) : bytes
  return { width, height, data }
}
