import { renditionSize, type Size } from '../../src/photo/fit.ts'
import type { CompiledLook } from '../../src/photo/look/compiled-look.ts'
import type { Preset } from '../../src/photo/presets.ts'
import { RENDITION_FORMATS } from '../../src/photo/rendition-formats.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import { withCredit } from './credit/with-credit.ts'
import { drawFrames } from './gif/draw-frames.ts'
import { readGif } from './gif/gif-file.ts'
import { applyLook } from './look/apply-look.ts'
import { free, type Pixels } from './pixels.ts'
import type { Animation, Header } from './read-header.ts'
import { scaleTo } from './scale.ts'
import { sharp } from './sharp.ts'

/** All frames of a rendition together: 80 MB of memory, and some two seconds of a core to encode. */
const MAX_PIXELS = 20_000_000

export type MovingFile = Size & { body: Buffer }

/** Frames of one size, one below the other, in RGBA. */
type Frames = Size & { data: Buffer; count: number }

/**
 * The moving WebP renditions of an animation, by preset; none of a photo that stands still. Each is as large as its
 * preset says, or as MAX_PIXELS lets it be: one that is long moves in a smaller picture. `presets` come largest first:
 * each is made from the one before. Throws CorruptPhotoError when a frame can't be read.
 */
export async function animate(
  photo: Header,
  presets: readonly Preset[],
  look: CompiledLook | null,
): Promise<Map<Preset, MovingFile>> {
  const made = new Map<Preset, MovingFile>()
  const { animation } = photo
  if (!animation) return made
  let frames: Frames | null = null
  let last: MovingFile | null = null
  for (const preset of presets.filter(({ animated }) => animated)) {
    const size = movingSize(renditionSize(photo, preset), animation)
    // A small one is the same in several presets.
    if (last?.width !== size.width) {
      const from: Frames | null = frames
      frames = from ? await scaleFrames(from, size) : await framesOf(photo, animation, size, look)
      if (from) free([from.data])
      last = { ...size, body: await encode(frames, photo, animation) }
    }
    made.set(preset, last)
  }
  if (frames) free([frames.data])
  return made
}

function movingSize({ width, height }: Size, { delay }: Animation): Size {
  const scale = Math.min(
    1,
    Math.sqrt(MAX_PIXELS / (width * height * delay.length)),
    RENDITION_FORMATS.webp.maxSide / Math.max(width, height),
  )
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) }
}

async function framesOf(
  photo: Header,
  { delay }: Animation,
  size: Size,
  look: CompiledLook | null,
): Promise<Frames> {
  const frames = { ...size, count: delay.length }
  const drawn = photo.format === 'gif' ? gifFrames(photo.file, frames) : webpFrames(photo.file, size)
  const data = await asCorruptPhoto(drawn)
  if (look) for (const frame of eachOf({ ...frames, data })) applyLook(frame, look)
  return { ...frames, data }
}

async function gifFrames(file: Buffer, { width, height, count }: Omit<Frames, 'data'>): Promise<Buffer> {
  const gif = readGif(file)
  const data = Buffer.alloc(width * height * 4 * count)
  let at = 0
  for (const canvas of drawFrames(gif)) {
    const frame = await scaleTo(
      { data: canvas, width: gif.width, height: gif.height, channels: 4 },
      { width, height },
    )
    data.set(frame.data, at)
    at += frame.data.length
  }
  return data
}

async function webpFrames(file: Buffer, { width, height }: Size): Promise<Buffer> {
  const all = sharp(file, { pages: -1, failOn: 'warning', limitInputPixels: false })
  return await all.resize(width, height, { fit: 'fill' }).ensureAlpha().raw().toBuffer()
}

async function scaleFrames(frames: Frames, size: Size): Promise<Frames> {
  const data = Buffer.alloc(size.width * size.height * 4 * frames.count)
  let at = 0
  for (const frame of eachOf(frames)) {
    const scaled = await scaleTo(frame, size)
    data.set(scaled.data, at)
    at += scaled.data.length
  }
  return { ...size, count: frames.count, data }
}

function eachOf({ data, width, height, count }: Frames): Pixels[] {
  const bytes = width * height * 4
  return Array.from({ length: count }, (_, i) => ({
    data: data.subarray(i * bytes, (i + 1) * bytes),
    width,
    height,
    channels: 4,
  }))
}

async function encode(frames: Frames, { credit }: Header, animation: Animation): Promise<Buffer> {
  const { quality, settings } = RENDITION_FORMATS.webp
  const { data, width, height, count } = frames
  const raw = { width, height: height * count, channels: 4, pageHeight: height } as const
  return await withCredit(sharp(data, { raw }), credit)
    .webp({ quality, ...settings, ...animation })
    .toBuffer()
}
