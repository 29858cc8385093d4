import type { Sharp } from 'sharp'
import { RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/rendition-formats.ts'
import type { ByteLimit } from './byte-limit.ts'
import type { Credit } from './credit.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'
import { xmpOf } from './xmp-texts.ts'

const LOWEST_QUALITY = 1
/** Below these, small letters fall apart. */
const LEGIBLE: Record<RenditionFormat, number> = { jpeg: 50, webp: 50, avif: 40 }
const QUALITY_STEP = 10
/** What fits into one packet of a network comes as fast as anything smaller. */
const PACKET_BYTES = 1400
/** mozjpeg's table for MS-SSIM: fewer bytes that look nearer to the original than with the standard's own. */
const FLAT_TABLE = 3
/** In full colour as many bytes as before, and on pictures with fine colour far nearer to the original. */
const FULL_COLOR_JPEG = -4

/**
 * The picture as a file, with no metadata but whose it is: pixels are upright sRGB, which is what viewers assume.
 * JPEG shows transparent parts white. `isFine` keeps colour at full size. The quality gives way where the file would
 * have more bytes than the limit, but not for less than can be read. Null for AVIF that keeps to no limit, or has no
 * fewer bytes than `rival`: it would be chosen for being small.
 * Changing a setting changes bytes: raise RECIPE_VERSION with it.
 */
export async function encode(
  picture: Pixels,
  format: RenditionFormat,
  { credit, isFine, limit, rival = Number.POSITIVE_INFINITY }: EncodeOptions,
): Promise<Buffer | null> {
  let quality: number = RENDITION_FORMATS[format].quality
  let body = await encodeAt(picture, credit, { format, quality, isFine })
  if (format === 'avif' && body.length >= Math.max(rival, PACKET_BYTES)) return null
  if (body.length > limit.bytes && format === 'webp' && limit.isLossless) {
    // Of text and drawings smaller than with losses; of what had losses before never.
    const { effort } = RENDITION_FORMATS.webp
    const lossless = await open(picture, credit).webp({ lossless: true, effort }).toBuffer()
    if (lossless.length < body.length) body = lossless
  }
  const lowest = lowestQuality(format, limit)
  while (body.length > limit.bytes && quality > lowest) {
    quality = Math.max(quality - QUALITY_STEP, lowest)
    const smaller = await encodeAt(picture, credit, { format, quality, isFine: false })
    if (smaller.length < body.length) body = smaller
  }
  return format === 'avif' && body.length > limit.bytes ? null : body
}

export type EncodeOptions = {
  credit: Credit | null
  isFine: boolean
  limit: ByteLimit
  /** The bytes of the smallest other format, where there is one. */
  rival?: number | undefined
}

/** A JPEG of few bytes is no better itself, so what is made of it may be as low. */
function lowestQuality(format: RenditionFormat, { isLossless }: ByteLimit): number {
  return format === 'avif' || isLossless ? LEGIBLE[format] : LOWEST_QUALITY
}

/** Settings by measurement: BENCHMARKS.md has the figures. */
function encodeAt(
  picture: Pixels,
  credit: Credit | null,
  { format, quality, isFine }: { format: RenditionFormat; quality: number; isFine: boolean },
): Promise<Buffer> {
  const image = open(picture, credit)
  switch (format) {
    case 'webp': {
      const { effort } = RENDITION_FORMATS.webp
      return image.webp({ quality, effort, smartSubsample: isFine }).toBuffer()
    }
    case 'avif': {
      const { effort } = RENDITION_FORMATS.avif
      return image.avif({ quality, effort, chromaSubsampling: '4:4:4' }).toBuffer()
    }
    case 'jpeg': {
      const color = isFine
        ? { quality: quality + FULL_COLOR_JPEG, chromaSubsampling: '4:4:4' }
        : { quality, chromaSubsampling: '4:2:0', quantisationTable: FLAT_TABLE }
      const opaque = picture.channels === 4 ? image.flatten({ background: '#ffffff' }) : image
      return opaque.jpeg({ ...color, progressive: true }).toBuffer()
    }
  }
}

/** A new one for each encode: sharp's clone copies every pixel. */
function open({ data, width, height, channels }: Pixels, credit: Credit | null): Sharp {
  return credited(sharp(data, { raw: { width, height, channels } }), credit)
}

/** The image with its credit in EXIF, and in XMP when EXIF lacks its letters. */
export function credited(image: Sharp, credit: Credit | null): Sharp {
  if (!credit) return image
  const { artist, copyright } = credit
  const tags = {
    ...(artist && { Artist: exifText(artist) }),
    ...(copyright && { Copyright: exifText(copyright) }),
  }
  const isAscii = /^[ -~]*$/.test(`${artist}${copyright}`)
  return isAscii ? image.withExif({ IFD0: tags }) : image.withExif({ IFD0: tags }).withXmp(xmpOf(credit))
}

/**
 * @NOTE libvips cuts what it takes for a note of its own off the end of a text: this gives it one to cut. It writes
 * EXIF as ASCII, "Zoë" as "Zoe"; the XMP beside it keeps every letter.
 */
function exifText(text: string): string {
  return `${text} (text, ASCII, 1 components, 1 bytes)`
}
