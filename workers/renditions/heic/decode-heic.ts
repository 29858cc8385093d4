import type { Size } from '../../../src/photo/fit.ts'
import { asCorruptPhoto } from '../corrupt-photo.ts'
import { type Pixels, withoutIdleAlpha } from '../pixels.ts'
import { scaleTo } from '../resize.ts'
import { sharp } from '../sharp.ts'
import { tiffOf } from '../tiff.ts'
import { decodePlanes } from './decode-planes.ts'
import { halvedToRgb, isHalved } from './fast-rgb.ts'
import type { Plane, Planes } from './planes.ts'
import { toRgb } from './to-rgb.ts'

const DISPLAY_P3 = 12

/**
 * Decodes a HEIC photo at that size, upright, to 8-bit sRGB. Throws CorruptPhotoError rather than give back a
 * picture with a part missing.
 */
export async function decodeHeic(
  original: Buffer,
  profile: Buffer | null,
  size: Size,
  maxPixels: number,
): Promise<Pixels> {
  const planes = await asCorruptPhoto(decodePlanes(original, maxPixels))
  const whole = await rgbOf(planes)
  const meaning = profile ?? (planes.primaries === DISPLAY_P3 ? await displayP3() : null)
  // Scaled before colours are converted: there are fewer to convert.
  const scaled = await scaleTo(whole, size)
  const picture = meaning ? await inSrgb(scaled, meaning) : scaled
  return withoutIdleAlpha(picture)
}

async function rgbOf(planes: Planes): Promise<Pixels> {
  const rgb = isHalved(planes) ? halvedToRgb(planes) : null
  if (rgb) return rgb
  const [cb, cr] = await Promise.all(
    [planes.cb, planes.cr].map((plane) => plane && scalePlane(plane, planes)),
  )
  return toRgb({ ...planes, cb: cb ?? null, cr: cr ?? null })
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

async function inSrgb(pixels: Pixels, profile: Buffer): Promise<Pixels> {
  const picture = sharp(tiffOf(pixels, profile))
  const { data, info } = await asCorruptPhoto(picture.raw().toBuffer({ resolveWithObject: true }))
  return { ...pixels, data, channels: info.channels as 3 | 4 }
}

/** The profile that a photo means which only names its primaries. */
async function displayP3(): Promise<Buffer | null> {
  const dot = sharp(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } })
  const { icc } = await sharp(await dot.withIccProfile('p3').png().toBuffer()).metadata()
  return icc ?? null
}
