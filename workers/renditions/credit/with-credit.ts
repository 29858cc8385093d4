import type { Sharp } from 'sharp'
import type { Credit } from './credit.ts'
import { xmpOf } from './xmp-texts.ts'

/** The image with its credit in EXIF, and in XMP when EXIF lacks its letters. */
export function withCredit(image: Sharp, credit: Credit | null): Sharp {
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
