import type { Sharp } from 'sharp'
import type { Size } from '../../src/photo/fit.ts'
import { inSrgb } from './color/in-srgb.ts'
import { readSamples, scaleSamples } from './color/samples.ts'
import { withStraightAlpha } from './color/straight-alpha.ts'
import { asCorruptPhoto } from './corrupt-photo.ts'
import { type Pixels, withoutIdleAlpha } from './pixels.ts'
import type { Header } from './read-header.ts'
import { sharp } from './sharp.ts'

/**
 * Decodes the original's first frame once, upright, at that size, to 8-bit sRGB. JPEG and WebP shrink while they
 * are decoded. Throws CorruptPhotoError rather than give back a picture with a part missing.
 */
export async function decode(
  original: Buffer,
  { color }: Header,
  size: Size,
  maxPixels: number,
): Promise<Pixels> {
  const { meaning, white, isPremultiplied } = color
  const open = (options: { ignoreIcc: boolean }) =>
    sharp(original, { autoOrient: true, failOn: 'warning', limitInputPixels: maxPixels, ...options })
  const scaled = (options = { ignoreIcc: false }) =>
    open(options).resize(size.width, size.height, { fit: 'fill' })

  if (isPremultiplied) {
    const whole = await asCorruptPhoto(readSamples(open({ ignoreIcc: true }), white))
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

async function decoded(image: Sharp): Promise<Pixels> {
  const { data, info } = await asCorruptPhoto(image.raw().toBuffer({ resolveWithObject: true }))
  const { width, height, channels } = info
  return withoutIdleAlpha({ data, width, height, channels: channels as 3 | 4 })
}
