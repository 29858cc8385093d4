import type { Sharp } from 'sharp'
import { RENDITION_FORMATS, type RenditionFormat } from '../src/photo/rendition-formats.ts'

/**
 * One call of sharp with the settings of workers/renditions/encode-at.ts for a picture without fine colour, as the
 * drawn photos are: what any other way of making the same renditions encodes with.
 */
export function plainEncode(image: Sharp, format: RenditionFormat): Promise<Buffer> {
  const { quality, settings } = RENDITION_FORMATS[format]
  return image.toFormat(format, { quality, ...settings }).toBuffer()
}

/**
 * Throws when the bytes of all renditions together differ by more than that share between two ways of making them:
 * then a setting of one has changed, and the other must follow.
 */
export function checkAlike(ours: number, other: number, share: number): void {
  const difference = Math.abs(ours / other - 1)
  if (!(difference <= share)) throw new Error(`the outputs differ by ${(difference * 100).toFixed(1)} %`)
}
