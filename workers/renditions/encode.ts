import type { Sharp } from 'sharp'
import { RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/recipe.ts'
import type { Credit } from './credit.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'
import { xmpOf } from './xmp-texts.ts'

/**
 * The picture as a file, with no metadata but whose it is: pixels are upright sRGB, which is what viewers assume.
 * JPEG shows transparent parts white. Changing a setting changes bytes: raise RECIPE_VERSION with it.
 */
export function encode(
  { data, width, height, channels }: Pixels,
  format: RenditionFormat,
  credit: Credit | null,
): Promise<Buffer> {
  const image = credited(sharp(data, { raw: { width, height, channels } }), credit)
  switch (format) {
    case 'webp': {
      const { quality, effort } = RENDITION_FORMATS.webp
      return image.webp({ quality, effort }).toBuffer()
    }
    case 'avif': {
      const { quality, effort } = RENDITION_FORMATS.avif
      return image.avif({ quality, effort, chromaSubsampling: '4:4:4' }).toBuffer()
    }
    case 'jpeg': {
      const { quality } = RENDITION_FORMATS.jpeg
      return image.flatten({ background: '#ffffff' }).jpeg({ quality, progressive: true }).toBuffer()
    }
  }
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
