import type { Metadata } from 'sharp'
import { CorruptPhotoError, TooManyPixelsError, UnsupportedPhotoError } from '../../src/errors.ts'
import type { Size } from '../../src/photo/fit.ts'
import { type Color, colorOf } from './color/color-of.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import type { Credit } from './credit/credit.ts'
import { creditOf } from './credit/read-credit.ts'
import { type GainMap, heicGainMap, jpegGainMap } from './gain-map/find-gain-map.ts'
import { isGif, readGif } from './gif/gif-file.ts'
import { plainHeif } from './heif/heif-kind.ts'
import { isReadInOnePass } from './jpeg/jpeg-kind.ts'
import { hasLastRows, mendJpeg } from './jpeg/mend-jpeg.ts'
import { sharp } from './sharp.ts'
import { type ExtraChannels, extraChannelsOf } from './tiff/tiff-kind.ts'

/** A JPEG that large is decoded at half its width and height or less. */
const JPEG_SHARE = 4
/** Of what sharp writes into WebP. A GIF may ask for as many repetitions, which is once more, and show a frame longer. */
const [MAX_LOOPS, MAX_DELAY] = [65_535, 65_535]
/** What has more stands still: each costs some work, be it ever so small. */
const MAX_FRAMES = 3000

/**
 * What is known before a pixel is decoded: the upright size, what its colours mean, whose work it is, how it moves, and
 * whether it is a HEIC photo, which sharp reads the container of but no more.
 */
export type Header = Size & {
  /** The original as decoders read it: mended where it is sound but for its structure. */
  file: Buffer
  color: Color
  /** Its pixels are stored as they are shown. */
  isUpright: boolean
  isHeic: boolean
  /** As sharp names it. */
  format: string
  credit: Credit | null
  animation: Animation | null
  gainMap: GainMap | null
  extraChannels: ExtraChannels
}

/** How long each frame is shown, in milliseconds, and how often all of them are; 0 is for ever. */
export type Animation = { delay: number[]; loop: number }

/**
 * Throws CorruptPhotoError for what is no picture, UnsupportedPhotoError for a kind that can't be decoded, and
 * TooManyPixelsError for one that would take too much to decode, all frames that are shown counted: a small file can
 * hold very many pixels.
 */
export async function readHeader(original: Buffer, maxPixels: number): Promise<Header> {
  if (isGif(original)) return await readGifHeader(original, maxPixels)
  const { isHeic, ...heif } = plainHeif(original)
  const { file, isEndAdded } = mendJpeg(heif.file)
  const shrinks = isReadInOnePass(file)
  const extraChannels = extraChannelsOf(file)
  // Without sharp's own limits, which would refuse a large picture in words of its own.
  const opened = sharp(file, { limitInputPixels: false, limitInputChannels: false })
  const metadata = await asCorruptPhoto(opened.metadata())
  const { width, height, autoOrient, format } = metadata
  const animation = animationOf(metadata)
  const pixels = width * height * (animation?.delay.length ?? 1)
  const limit = shrinks ? JPEG_SHARE * maxPixels : maxPixels
  if (pixels > limit) throw new TooManyPixelsError(pixels / 1e6, limit / 1e6)
  const channels = 3 + extraChannels.count
  if (extraChannels.count > 0 && pixels * channels > 4 * maxPixels) {
    throw new UnsupportedPhotoError(
      `a TIFF with ${channels} channels and ${Math.ceil(pixels / 1e6)} megapixels`,
    )
  }
  const beside = { orientation: metadata.orientation ?? 1, exif: metadata.exif }
  if (isEndAdded && !(await asCorruptPhoto(hasLastRows(file)))) throw new CorruptPhotoError()
  return {
    ...autoOrient,
    file,
    color: colorOf(metadata, file),
    isUpright: beside.orientation === 1,
    format,
    isHeic,
    credit: creditOf(metadata, file),
    animation,
    gainMap: isHeic ? heicGainMap(file, beside) : jpegGainMap(original, beside),
    extraChannels,
  }
}

/**
 * Of GIF, which we draw ourselves. @NOTE libvips shrinks canvases it does not believe in, and paints black what a
 * frame without transparency leaves behind.
 */
async function readGifHeader(file: Buffer, maxPixels: number): Promise<Header> {
  const { width, height, frames, loop } = await asCorruptPhoto((async () => readGif(file))())
  // A frame may stand out of the canvas.
  const pixels = frames.reduce((sum, frame) => sum + Math.max(width * height, frame.width * frame.height), 0)
  if (pixels > maxPixels) throw new TooManyPixelsError(pixels / 1e6, maxPixels / 1e6)
  const moves = frames.length > 1 && frames.length <= MAX_FRAMES
  return {
    width,
    height,
    file,
    color: { meaning: { kind: 'usual' }, white: 255, isPremultiplied: false },
    isUpright: true,
    format: 'gif',
    isHeic: false,
    credit: null,
    animation: moves ? writable({ delay: frames.map(({ delay }) => delay), loop }) : null,
    gainMap: null,
    extraChannels: { count: 0, alpha: null, areUntold: false },
  }
}

/** libvips turns no animation, and hardly any asks for it: one that does stands still. */
function animationOf({ format, pages = 1, delay, loop = 0, orientation = 1 }: Metadata): Animation | null {
  const moves = format === 'webp' && pages > 1 && pages <= MAX_FRAMES && orientation === 1
  return moves && delay ? writable({ delay, loop }) : null
}

function writable({ delay, loop }: Animation): Animation {
  return { delay: delay.map((each) => Math.min(each, MAX_DELAY)), loop: Math.min(loop, MAX_LOOPS) }
}
