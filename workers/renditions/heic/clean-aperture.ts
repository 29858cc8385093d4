import type { Crop, Size } from '../../../src/photo/fit.ts'
import { readHeifItems } from '../heif/heif-items.ts'
import type { Plane, Planes } from './planes.ts'

const CLAP_BYTES = 32

/** Where the type of the box stands that crops, and the part of the upright picture that it leaves. */
export type CleanAperture = { at: number; crop: Crop }

/**
 * What the primary picture of a HEIC file is cropped to (`clap`, ISO/IEC 14496-12, 12.1.4). Null when it is whole.
 * @NOTE libheif 1.23 refuses a picture of which more than a margin is cropped: it takes what is left for its size.
 */
export function cleanApertureOf(file: Buffer): CleanAperture | null {
  const heif = readHeifItems(file)
  const properties = heif?.items.get(heif.primary)?.properties ?? []
  const clap = properties.find(({ type }) => type === 'clap')
  const ispe = properties.find(({ type }) => type === 'ispe')
  if (!clap || !ispe || clap.body.length < CLAP_BYTES || ispe.body.length < 12) return null

  let size: Size = { width: ispe.body.readUInt32BE(4), height: ispe.body.readUInt32BE(8) }
  let crop: Crop = { left: 0, top: 0, ...size }
  // In the order of the file, each upon what the one before made.
  for (const { type, body } of properties) {
    if (type === 'clap') crop = centredCrop(body, size)
    if (type === 'irot') {
      for (let turns = (body[0] ?? 0) & 3; turns > 0; turns--) {
        const { left, top, width, height } = crop
        crop = { left: top, top: size.width - left - width, width: height, height: width }
        size = { width: size.height, height: size.width }
      }
    }
    // About a vertical axis left and right change places, else top and bottom.
    if (type === 'imir' && ((body[0] ?? 0) & 1) === 1) crop.left = size.width - crop.left - crop.width
    if (type === 'imir' && ((body[0] ?? 0) & 1) === 0) crop.top = size.height - crop.top - crop.height
  }
  return { at: clap.start - 4, crop }
}

/** Fractions: width, height, and how far its centre is from the picture's. */
function centredCrop(body: Buffer, size: Size): Crop {
  const part = (at: number) => body.readInt32BE(at) / body.readUInt32BE(at + 4)
  const [width, height] = [Math.round(part(0)), Math.round(part(8))]
  const left = Math.round(part(16) + (size.width - width) / 2)
  const top = Math.round(part(24) + (size.height - height) / 2)
  const fits = width > 0 && height > 0 && left >= 0 && top >= 0
  if (!fits || left + width > size.width || top + height > size.height) {
    throw new Error('The picture is cropped to what lies outside of it.')
  }
  return { left, top, width, height }
}

export function cropPlanes(planes: Planes, crop: Crop): Planes {
  const cropped = (plane: Plane): Plane => {
    const x = Math.round(planes.width / plane.width)
    const y = Math.round(planes.height / plane.height)
    const size = { width: Math.ceil(crop.width / x), height: Math.ceil(crop.height / y) }
    const [left, top] = [Math.floor(crop.left / x), Math.floor(crop.top / y)]
    const data = plane.data.slice(0, size.width * size.height)
    for (let row = 0; row < size.height; row++) {
      const start = (top + row) * plane.width + left
      data.set(plane.data.subarray(start, start + size.width), row * size.width)
    }
    return { ...size, data }
  }
  const { y, cb, cr, alpha } = planes
  return {
    ...planes,
    width: crop.width,
    height: crop.height,
    y: cropped(y),
    cb: cb && cropped(cb),
    cr: cr && cropped(cr),
    alpha: alpha && cropped(alpha),
  }
}
