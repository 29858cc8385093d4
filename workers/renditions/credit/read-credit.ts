import type { Metadata } from 'sharp'
import type { Credit } from './credit.ts'
import { exifTexts } from './exif-texts.ts'
import { iptcTexts } from './iptc-texts.ts'
import { xmpTexts } from './xmp-texts.ts'

const MAX_LENGTH = 500

/** Looked for where cameras write it, then where photo tools do. Null when nobody is named. */
export function creditOf({ exif, xmp, iptc, format }: Metadata, original: Buffer): Credit | null {
  // A TIFF file is itself what other formats call EXIF.
  const tags = exif ?? (format === 'tiff' ? original : undefined)
  const sources = [tags && exifTexts(tags), xmp && xmpTexts(xmp), iptc && iptcTexts(iptc)]
  const artist = firstText(sources.map((texts) => texts?.artist))
  const copyright = firstText(sources.map((texts) => texts?.copyright))
  return artist || copyright ? { artist, copyright } : null
}

function firstText(texts: readonly (string | null | undefined)[]): string | null {
  const cleaned = texts.map((text) => text?.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim())
  return cleaned.find((text) => text)?.slice(0, MAX_LENGTH) ?? null
}
