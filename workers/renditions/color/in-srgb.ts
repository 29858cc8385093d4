import { asCorruptPhoto } from '../corrupt-photo.ts'
import type { Pixels } from '../pixels.ts'
import { sharp } from '../sharp.ts'
import { tiffOf } from '../tiff/tiff.ts'
import type { Meaning } from './color-of.ts'
import type { ColorSpace } from './color-space.ts'
import { BT709 } from './primaries.ts'
import type { Samples } from './samples.ts'
import { toSrgb } from './to-srgb.ts'
import { sRgb } from './transfers.ts'

const SRGB: ColorSpace = { primaries: BT709, transfer: sRgb }

/** What the samples mean, in 8-bit sRGB. Throws CorruptPhotoError for a profile that can't be used. */
export async function inSrgb(samples: Samples, meaning: Meaning): Promise<Pixels> {
  if (meaning.kind === 'space') return toSrgb(samples, meaning.space)
  const pixels = inBytes(samples)
  if (meaning.kind === 'usual') return pixels
  const picture = sharp(tiffOf(pixels, meaning.icc))
  const { data, info } = await asCorruptPhoto(picture.raw().toBuffer({ resolveWithObject: true }))
  return { ...pixels, data, channels: info.channels as 3 | 4 }
}

function inBytes({ data, width, height, channels, white }: Samples): Pixels {
  if (data instanceof Uint16Array) return toSrgb({ data, width, height, channels, white }, SRGB)
  return { data: Buffer.from(data.buffer, data.byteOffset, data.length), width, height, channels }
}
