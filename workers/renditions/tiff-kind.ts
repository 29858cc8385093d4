import { UnsupportedPhotoError } from '../../src/errors.ts'
import { readDirectory } from './tiff-directory.ts'

const [NEW_SUBFILE_TYPE, BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLES_PER_PIXEL] = [254, 258, 262, 277]
const [SUB_IFDS, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION] = [330, 338, 339, 50_706]
/** Colours of a sensor, before and after they are told apart. */
const SENSOR = [32_803, 34_892]
const WHOLE_NUMBERS = [1, 4]
const ALPHA = [1, 2]

/**
 * The channels a TIFF has besides its colours, and which of them is transparency, if one is. Masks and spot colours
 * are others: photo tools keep them there.
 */
export type ExtraChannels = { count: number; alpha: number | null }

/**
 * Reads of a TIFF what libvips does not look at. Throws UnsupportedPhotoError for what it would show wrong: raw photos
 * (their small preview), and numbers that are no shades from 0 to the most. What is no TIFF has no such channels.
 */
export function extraChannelsOf(tiff: Buffer): ExtraChannels {
  const fields = readDirectory(tiff)
  const numbers = (tag: number) => fields?.get(tag)?.numbers() ?? []
  const [subfile = 0] = numbers(NEW_SUBFILE_TYPE)
  const isPreview = (subfile & 1) === 1 && fields?.has(SUB_IFDS)
  if (fields?.has(DNG_VERSION) || isPreview || SENSOR.includes(numbers(PHOTOMETRIC)[0] ?? -1)) {
    throw new UnsupportedPhotoError('a raw photo')
  }
  const [bits = 1] = numbers(BITS_PER_SAMPLE)
  if (bits > 16) throw new UnsupportedPhotoError(`a TIFF with ${bits} bits per channel`)
  if (numbers(SAMPLE_FORMAT).some((format) => !WHOLE_NUMBERS.includes(format))) {
    throw new UnsupportedPhotoError('a TIFF with signed numbers or fractions')
  }
  const extras = numbers(EXTRA_SAMPLES)
  const alpha = extras.findIndex((kind) => ALPHA.includes(kind))
  return {
    count: Math.min(extras.length, numbers(SAMPLES_PER_PIXEL)[0] ?? 1),
    alpha: alpha < 0 ? null : alpha,
  }
}
