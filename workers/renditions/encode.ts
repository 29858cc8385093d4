import type { Sharp } from 'sharp'
import { RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/recipe.ts'
import type { Credit } from './credit.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'
import { xmpOf } from './xmp-texts.ts'

const LOWEST_QUALITY = 1
const QUALITY_STEP = 10
/** mozjpeg's table for MS-SSIM: fewer bytes that look nearer to the original than with the standard's own. */
const FLAT_TABLE = 3
/** In full colour as many bytes as before, and on pictures with fine colour far nearer to the original. */
const FULL_COLOR_JPEG = -4

/**
 * The picture as a file, with no metadata but whose it is: pixels are upright sRGB, which is what viewers assume.
 * JPEG shows transparent parts white. `isFine` keeps colour at full size. The quality gives way where the file would
 * have more than `maxBytes`.
 * Changing a setting changes bytes: raise RECIPE_VERSION with it.
 */
export async function encode(
  picture: Pixels,
  format: RenditionFormat,
  { credit, isFine, maxBytes }: { credit: Credit | null; isFine: boolean; maxBytes: number },
): Promise<Buffer> {
  let quality: number = RENDITION_FORMATS[format].quality
  let body = await encodeAt(picture, credit, format, quality, isFine)
  if (body.length > maxBytes && format === 'webp') {
    // Of text and drawings smaller than with losses.
    const { effort } = RENDITION_FORMATS.webp
    const lossless = await open(picture, credit).webp({ lossless: true, effort }).toBuffer()
    if (lossless.length < body.length) body = lossless
  }
  while (body.length > maxBytes && quality > LOWEST_QUALITY) {
    quality = Math.max(quality - QUALITY_STEP, LOWEST_QUALITY)
    body = await encodeAt(picture, credit, format, quality, false)
  }
  return body
}

/** Settings by measurement: BENCHMARKS.md has the figures. */
function encodeAt(
  picture: Pixels,
  credit: Credit | null,
  format: RenditionFormat,
  quality: number,
  isFine: boolean,
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
