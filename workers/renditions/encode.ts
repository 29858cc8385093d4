import { RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/rendition-formats.ts'
import type { ByteLimit } from './byte-limit.ts'
import type { Credit } from './credit/credit.ts'
import { encodeAt } from './encode-at.ts'
import type { Pixels } from './pixels.ts'

const LOWEST_QUALITY = 1
const QUALITY_STEP = 10
/** What fits into one packet of a network comes as fast as anything smaller. */
const PACKET_BYTES = 1400

export type EncodeOptions = {
  credit: Credit | null
  /** Colour changes from pixel to pixel: it is kept at full size. */
  isFine: boolean
  limit: ByteLimit
  /** The bytes of the smallest other format, where there is one. */
  rival?: number | undefined
}

/**
 * The picture as a file. The quality gives way where the file would have more bytes than the limit, but not for less than
 * can be read. Null for a picture with a longer side than the format can have, and for AVIF that keeps to no limit, or
 * has no fewer bytes than `rival`: it would be chosen for being small.
 */
export async function encode(
  picture: Pixels,
  format: RenditionFormat,
  { credit, isFine, limit, rival = Number.POSITIVE_INFINITY }: EncodeOptions,
): Promise<Buffer | null> {
  if (Math.max(picture.width, picture.height) > RENDITION_FORMATS[format].maxSide) return null
  const body = await encodeAt(picture, { format, quality: null, isFine }, credit)
  if (format === 'avif' && body.length >= Math.max(rival, PACKET_BYTES)) return null
  if (body.length <= limit.bytes) return body
  const smaller = await encodeSmaller(picture, format, { credit, limit, body })
  return format === 'avif' && smaller.length > limit.bytes ? null : smaller
}

/** The best of some tries at fewer bytes: the first that keeps to the limit, or the smallest. */
async function encodeSmaller(
  picture: Pixels,
  format: RenditionFormat,
  { credit, limit, body }: Pick<EncodeOptions, 'credit' | 'limit'> & { body: Buffer },
): Promise<Buffer> {
  let smallest = body
  const keep = (one: Buffer) => {
    if (one.length < smallest.length) smallest = one
  }
  // Of text and drawings smaller than with losses; of what had losses before never.
  if (format === 'webp' && limit.isLossless) keep(await encodeAt(picture, 'lossless webp', credit))

  const { quality, legibleQuality } = RENDITION_FORMATS[format]
  // A JPEG of few bytes is no better itself, so what is made of it may be as low.
  const lowest = format === 'avif' || limit.isLossless ? legibleQuality : LOWEST_QUALITY
  for (let next: number = quality; smallest.length > limit.bytes && next > lowest; ) {
    next = Math.max(next - QUALITY_STEP, lowest)
    keep(await encodeAt(picture, { format, quality: next, isFine: false }, credit))
  }
  return smallest
}
