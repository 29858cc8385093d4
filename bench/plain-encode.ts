import type { Sharp } from 'sharp'
import { RENDITION_FORMATS, type RenditionFormat } from '../src/photo/rendition-formats.ts'

/** mozjpeg's table for MS-SSIM. */
export const FLAT_TABLE = 3

/**
 * One call of sharp with the settings of workers/renditions/encode.ts for a picture without fine colour, as the
 * drawn photos are: what any other way of making the same renditions encodes with.
 */
export function plainEncode(image: Sharp, format: RenditionFormat): Promise<Buffer> {
  switch (format) {
    case 'webp': {
      const { quality, effort } = RENDITION_FORMATS.webp
      return image.webp({ quality, effort }).toBuffer()
    }
    case 'jpeg': {
      const { quality } = RENDITION_FORMATS.jpeg
      return image.jpeg({ quality, progressive: true, quantisationTable: FLAT_TABLE }).toBuffer()
    }
    case 'avif': {
      const { quality, effort } = RENDITION_FORMATS.avif
      return image.avif({ quality, effort, chromaSubsampling: '4:4:4' }).toBuffer()
    }
  }
}

/**
 * Throws when the bytes of all renditions together differ by more than that share between two ways of making them:
 * then a setting of one has changed, and the other must follow.
 */
export function checkAlike(ours: number, other: number, share: number): void {
  const difference = Math.abs(ours / other - 1)
  if (!(difference <= share)) throw new Error(`the outputs differ by ${(difference * 100).toFixed(1)} %`)
}
