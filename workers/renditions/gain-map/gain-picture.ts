import type { Sharp } from 'sharp'
import type { Size } from '../../../src/photo/fit.ts'
import { readHeicItem } from '../heic/decode-heic.ts'
import { sharp } from '../sharp.ts'

/** The values of a gain map, upright. They are no colours: nothing converts them. */
export type GainPicture = Size & { data: Buffer; channels: 1 | 3 }

/**
 * Throws an Error when it can't be decoded. `orientation` is that of the photo it lies beside (EXIF), whatever its own
 * EXIF says.
 */
export async function jpegGain(
  jpeg: Buffer,
  orientation: number,
  limitInputPixels: number,
): Promise<GainPicture> {
  const { channels = 3 } = await sharp(jpeg).metadata()
  const { data, ...raw } = await valuesOf(sharp(jpeg, { ignoreIcc: true, limitInputPixels }), channels)
  if (orientation === 1) return { data, ...raw }
  const tagged = await sharp(data, { raw })
    .withMetadata({ orientation })
    .png({ compressionLevel: 0 })
    .toBuffer()
  return await valuesOf(sharp(tagged, { autoOrient: true, ignoreIcc: true, limitInputPixels }), channels)
}

/** As above, of an item of a HEIC file. Its container turns it. */
export async function heicGain(file: Buffer, item: number, maxPixels: number): Promise<GainPicture> {
  const { data, width, height, isGrey } = await readHeicItem(file, item, maxPixels)
  if (!isGrey) {
    return { data: Buffer.from(data.buffer, data.byteOffset, data.length), width, height, channels: 3 }
  }
  const levels = Buffer.alloc(width * height)
  for (let i = 0; i < levels.length; i++) levels[i] = data[3 * i] as number
  return { data: levels, width, height, channels: 1 }
}

/** @NOTE Of an image opened without its profile: sharp would convert what it takes for colours. */
async function valuesOf(image: Sharp, channels: number): Promise<GainPicture> {
  const wanted = channels === 3 ? image.toColourspace('srgb') : image.extractChannel(0).toColourspace('b-w')
  const { data, info } = await wanted.raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: info.channels as 1 | 3 }
}
