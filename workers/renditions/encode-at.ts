import { type Encoder, RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/rendition-formats.ts'
import type { Credit } from './credit/credit.ts'
import { withCredit } from './credit/with-credit.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'
import { textureOf } from './texture.ts'

/** `isFine` keeps colour at full size. A quality of null is that of the format. */
export type Setting = { format: RenditionFormat; quality: number | null; isFine: boolean } | 'lossless webp'

/**
 * The picture as a file, with no metadata but whose it is: pixels are upright sRGB, which is what viewers assume. JPEG
 * shows transparent parts white. @NOTE A new image each time: sharp's clone copies every pixel.
 */
export async function encodeAt(picture: Pixels, setting: Setting, credit: Credit | null): Promise<Buffer> {
  const { data, width, height, channels } = picture
  const image = withCredit(sharp(data, { raw: { width, height, channels } }), credit)
  if (setting === 'lossless webp') {
    return await image.webp({ ...RENDITION_FORMATS.webp.settings, lossless: true }).toBuffer()
  }
  const { format, quality, isFine } = setting
  const { settings, fineColor, textures, quality: usual }: Encoder = RENDITION_FORMATS[format]
  const opaque = format === 'jpeg' && channels === 4 ? image.flatten({ background: '#ffffff' }) : image
  const options = {
    quality: usual,
    ...settings,
    ...textures?.[textureOf(picture)],
    ...(isFine && fineColor),
    ...(quality && { quality }),
  }
  return await opaque.toFormat(format, options).toBuffer()
}
