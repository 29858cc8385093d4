import type { Sharp } from 'sharp'
import type { Size } from '../../src/photo/fit.ts'
import { inSrgb } from './color/in-srgb.ts'
import { readSamples, scaleSamples } from './color/samples.ts'
import { withStraightAlpha } from './color/straight-alpha.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import { drawFrames } from './gif/draw-frames.ts'
import { readGif } from './gif/gif-file.ts'
import { decodeHeic } from './heic/decode-heic.ts'
import { type Pixels, withoutIdleAlpha } from './pixels.ts'
import type { Header } from './read-header.ts'
import { scaleTo } from './scale.ts'
import { sharp } from './sharp.ts'

/**
 * Decodes the original's first frame once, upright, at that size, to 8-bit sRGB. JPEG and WebP shrink while they
 * are decoded. Throws CorruptPhotoError rather than give back a picture with a part missing, or one of HEIC with more
 * pixels than its container says and `maxPixels` allows.
 */
export async function decode(photo: Header, size: Size, maxPixels: number): Promise<Pixels> {
  if (photo.isHeic) return await decodeHeic(photo.file, photo.color, size, maxPixels)
  const { meaning, white, isPremultiplied } = photo.color
  if (photo.format === 'gif') return await scaleTo(await asCorruptPhoto(firstFrame(photo)), size)
  if (photo.extraChannels.count > 0) return await scaleTo(await withoutExtraChannels(photo), size)
  const scaled = (options = { ignoreIcc: false }) =>
    open(photo, options).resize(size.width, size.height, { fit: 'fill' })

  if (isPremultiplied) {
    const whole = await asCorruptPhoto(readSamples(open(photo, { ignoreIcc: true }), white))
    return withoutIdleAlpha(await inSrgb(await scaleSamples(withStraightAlpha(whole), size), meaning))
  }
  switch (meaning.kind) {
    case 'usual':
      return await decoded(scaled())
    case 'space':
      return withoutIdleAlpha(
        await inSrgb(await asCorruptPhoto(readSamples(scaled({ ignoreIcc: true }), white)), meaning),
      )
    case 'profile':
      // @NOTE sharp works on 16 bits in the profile's space and forgets to leave it unless an output profile is named.
      if (white > 255) return await decoded(scaled().withIccProfile('srgb', { attach: false }))
      // sharp would convert before it resizes: for 12 MP of Display P3, as phones take them, 230 ms instead of 90.
      return await decoded(
        sharp(await asCorruptPhoto(scaled().keepIccProfile().tiff({ compression: 'none' }).toBuffer())),
      )
  }
}

function open(
  { file, extraChannels }: Header,
  options: { ignoreIcc: boolean } = { ignoreIcc: false },
): Sharp {
  // The header has told how many pixels there are.
  const limits = { limitInputPixels: false, limitInputChannels: false }
  // libtiff warns of channels that the file does not tell of.
  const failOn = extraChannels.areUntold ? 'error' : 'warning'
  return sharp(file, { autoOrient: true, failOn, ...limits, ...options })
}

async function firstFrame({ file, width, height }: Header): Promise<Pixels> {
  const [canvas = Buffer.alloc(0)] = drawFrames(readGif(file)).take(1)
  return withoutIdleAlpha({ data: canvas, width, height, channels: 4 })
}

/**
 * Colours and transparency of a picture with other channels besides, not scaled: libvips takes the last channel for
 * transparency, whatever it is.
 */
async function withoutExtraChannels(photo: Header): Promise<Pixels> {
  const inProfile = photo.color.meaning.kind === 'profile'
  const whole = inProfile ? open(photo).withIccProfile('srgb', { attach: false }) : open(photo)
  const { data, info } = await asCorruptPhoto(whole.raw().toBuffer({ resolveWithObject: true }))
  const { width, height, channels: from } = info
  const { count, alpha } = photo.extraChannels
  const kept = [0, 1, 2, ...(alpha === null ? [] : [from - count + alpha])]
  let to = 0
  for (let at = 0; at < data.length; at += from) {
    for (const channel of kept) data[to++] = data[at + channel] as number
  }
  return withoutIdleAlpha({ data: data.subarray(0, to), width, height, channels: kept.length as 3 | 4 })
}

async function decoded(image: Sharp): Promise<Pixels> {
  const { data, info } = await asCorruptPhoto(image.raw().toBuffer({ resolveWithObject: true }))
  const { width, height, channels } = info
  return withoutIdleAlpha({ data, width, height, channels: channels as 3 | 4 })
}
