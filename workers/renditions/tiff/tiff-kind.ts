import { UnsupportedPhotoError } from '../../../src/errors.ts'
import { readDirectory } from './tiff-directory.ts'

const [NEW_SUBFILE_TYPE, BITS_PER_SAMPLE, COMPRESSION, PHOTOMETRIC] = [254, 258, 259, 262]
const [SAMPLES_PER_PIXEL, SUB_IFDS, EXTRA_SAMPLES, SAMPLE_FORMAT] = [277, 330, 338, 339]
const [SUBSAMPLING, DNG_VERSION] = [530, 50_706]
/** Colours of a sensor, before and after they are told apart. */
const SENSOR = [32_803, 34_892]
const [RGB, YCBCR, CIE_LAB, ICC_LAB, ITU_LAB] = [2, 6, 8, 9, 10]
const RGB_CHANNELS = 3
const JPEG = [6, 7]
const WHOLE_NUMBERS = [1, 4]
const ALPHA = [1, 2]

/**
 * The channels a TIFF has besides its colours, and which of them is transparency, if one is. Masks and spot colours
 * are others: photo tools keep them there. `areUntold` when the file does not say that it has them.
 */
export type ExtraChannels = { count: number; alpha: number | null; areUntold: boolean }

/**
 * Reads of a TIFF what libvips does not look at. Throws UnsupportedPhotoError for what it would show wrong or call
 * damaged: raw photos (their small preview), numbers that are no shades from 0 to the most, bits and colours that it
 * can't read. What is no TIFF has no such channels.
 */
export function extraChannelsOf(tiff: Buffer): ExtraChannels {
  const fields = readDirectory(tiff)
  const numbers = (tag: number) => fields?.get(tag)?.numbers() ?? []
  const [subfile = 0] = numbers(NEW_SUBFILE_TYPE)
  const [photometric = -1] = numbers(PHOTOMETRIC)
  const isPreview = (subfile & 1) === 1 && fields?.has(SUB_IFDS)
  if (fields?.has(DNG_VERSION) || isPreview || SENSOR.includes(photometric)) {
    throw new UnsupportedPhotoError('a raw photo')
  }
  const [bits = 1] = numbers(BITS_PER_SAMPLE)
  const [channels = 1] = numbers(SAMPLES_PER_PIXEL)
  if (!(channels === 1 ? [1, 2, 4, 8, 16] : [8, 16]).includes(bits)) {
    throw new UnsupportedPhotoError(`a TIFF with ${bits} bits per channel`)
  }
  if (numbers(SAMPLE_FORMAT).some((format) => !WHOLE_NUMBERS.includes(format))) {
    throw new UnsupportedPhotoError('a TIFF with signed numbers or fractions')
  }
  if ([ICC_LAB, ITU_LAB].includes(photometric) || (photometric === CIE_LAB && bits !== 16)) {
    throw new UnsupportedPhotoError('a TIFF in Lab colours')
  }
  const isWholeYcc = photometric === YCBCR && numbers(SUBSAMPLING).join() === '1,1'
  if (isWholeYcc && !JPEG.includes(numbers(COMPRESSION)[0] ?? 1)) {
    throw new UnsupportedPhotoError('a TIFF in YCbCr colours without JPEG compression')
  }
  const extras = numbers(EXTRA_SAMPLES)
  const untold = photometric === RGB ? Math.max(0, channels - RGB_CHANNELS - extras.length) : 0
  const alpha = extras.findIndex((kind) => ALPHA.includes(kind))
  return {
    count: Math.min(extras.length + untold, channels),
    alpha: alpha < 0 ? null : alpha,
    areUntold: untold > 0,
  }
}
