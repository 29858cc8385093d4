import type { Size } from '../../../src/photo/fit.ts'
import { asCorruptPhoto } from '../corrupt-photo.ts'
import { type Pixels, withoutIdleAlpha } from '../pixels.ts'
import { sharp } from '../sharp.ts'
import { tiffOf } from '../tiff.ts'
import { decodePlanes } from './decode-planes.ts'
import type { Plane, Planes } from './planes.ts'
import { toRgb } from './to-rgb.ts'

const DISPLAY_P3 = 12

/**
 * Decodes a HEIC photo at that size, upright, to 8-bit sRGB. Planes are scaled before they become RGB, which is
 * the same and saves converting pixels that nobody sees. Throws CorruptPhotoError rather than give back a picture
 * with a part missing.
 */
export async function decodeHeic(
  original: Buffer,
  profile: Buffer | null,
  size: Size,
  maxPixels: number,
): Promise<Pixels> {
  const planes = await asCorruptPhoto(decodePlanes(original, maxPixels))
  // Colour must not bleed out of transparent parts, so these are scaled as one.
  const rgb = toRgb(await scalePlanes(planes, planes.alpha ? planes : size))
  const meaning = profile ?? (planes.primaries === DISPLAY_P3 ? await displayP3() : null)
  const picture = meaning
    ? sharp(tiffOf(rgb, meaning))
    : sharp(rgb.data, { raw: { width: rgb.width, height: rgb.height, channels: rgb.channels } })
  const { width, height } = size
  const { data, info } = await asCorruptPhoto(
    picture.resize(width, height, { fit: 'fill' }).raw().toBuffer({ resolveWithObject: true }),
  )
  return withoutIdleAlpha({ data, width, height, channels: info.channels as 3 | 4 })
}

async function scalePlanes(planes: Planes, size: Size): Promise<Planes> {
  const scaled = (plane: Plane | null) => plane && scalePlane(plane, size)
  const [y, cb, cr, alpha] = await Promise.all([
    scalePlane(planes.y, size),
    scaled(planes.cb),
    scaled(planes.cr),
    scaled(planes.alpha),
  ])
  return { ...planes, width: size.width, height: size.height, y, cb, cr, alpha }
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

/** The profile that a photo means which only names its primaries. */
async function displayP3(): Promise<Buffer | null> {
  const dot = sharp(Buffer.alloc(3), { raw: { width: 1, height: 1, channels: 3 } })
  const { icc } = await sharp(await dot.withIccProfile('p3').png().toBuffer()).metadata()
  return icc ?? null
}
