import type { Metadata } from 'sharp'
import { TooManyPixelsError } from '../../src/errors.ts'
import type { Size } from '../../src/photo/fit.ts'
import { type Color, colorOf } from './color/color-of.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import type { Credit } from './credit.ts'
import { findGainMap, type GainMap } from './gain-map.ts'
import { creditOf } from './read-credit.ts'
import { sharp } from './sharp.ts'

/**
 * What is known before a pixel is decoded: the upright size, what its colors mean, whose work it is, how it moves, and
 * whether it is a HEIC photo, which sharp reads the container of but no more.
 */
export type Header = Size & {
  color: Color
  isHeic: boolean
  /** As sharp names it. */
  format: string
  credit: Credit | null
  animation: Animation | null
  gainMap: GainMap | null
}

/** How long each frame is shown, in milliseconds, and how often all of them are; 0 is for ever. */
export type Animation = { delay: number[]; loop: number }

/**
 * Throws CorruptPhotoError for what is no picture, and TooManyPixelsError for one that would take too much to
 * decode, all frames counted: a small file can hold very many pixels.
 */
export async function readHeader(original: Buffer, maxPixels: number): Promise<Header> {
  // Without sharp's own limit, which would refuse a large picture in words of its own.
  const metadata = await asCorruptPhoto(sharp(original, { limitInputPixels: false }).metadata())
  const { width, height, pages, autoOrient, compression, format, orientation = 1 } = metadata
  const pixels = width * height * (pages ?? 1)
  if (pixels > maxPixels) throw new TooManyPixelsError(pixels / 1e6, maxPixels / 1e6)
  const gainMap = format === 'jpeg' ? findGainMap(original) : null
  return {
    ...autoOrient,
    color: colorOf(metadata, original),
    format,
    isHeic: compression === 'hevc',
    credit: creditOf(metadata, original),
    animation: animationOf(metadata),
    gainMap: gainMap && { jpeg: gainMap, orientation },
  }
}

/** libvips turns no animation, and hardly any asks for it: one that does stands still. */
function animationOf({ format, pages = 1, delay, loop = 0, orientation = 1 }: Metadata): Animation | null {
  const moves = (format === 'gif' || format === 'webp') && pages > 1 && orientation === 1
  return moves && delay ? { delay, loop } : null
}
