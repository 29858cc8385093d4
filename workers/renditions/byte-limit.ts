import type { Size } from '../../src/photo/fit.ts'
import { RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/rendition-formats.ts'
import type { Header } from './read-header.ts'

/** `isLossless`: that many bytes hold every pixel, so that losing some to have no more may be no bargain. */
export type ByteLimit = { bytes: number; isLossless: boolean }

export const NO_LIMIT: ByteLimit = { bytes: Number.POSITIVE_INFINITY, isLossless: false }

/**
 * How many bytes a rendition of that size may have: no more than an original of the same size that is no better
 * coded. Its own bytes carry its metadata.
 */
export function byteLimit(photo: Header, original: Buffer, size: Size, format: RenditionFormat): ByteLimit {
  const isWhole = size.width === photo.width && size.height === photo.height
  const isLimit = isWhole && RENDITION_FORMATS[format].undercuts.some((name) => name === photo.format)
  return {
    bytes: isLimit ? original.length : Number.POSITIVE_INFINITY,
    isLossless: isLossless(photo.format, original),
  }
}

function isLossless(format: string, original: Buffer): boolean {
  // The first chunk of a WebP file, or the one of its pixels behind others.
  if (format === 'webp') return original.includes('VP8L')
  return format === 'png' || format === 'gif'
}
