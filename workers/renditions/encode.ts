import { RENDITION_FORMATS, type RenditionFormat } from '../../src/photo/recipe.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './sharp.ts'

/**
 * The picture as a file, without metadata: pixels are upright sRGB, which is what viewers assume. JPEG shows
 * transparent parts white. Changing a setting changes bytes: raise RECIPE_VERSION with it.
 */
export function encode({ data, width, height, channels }: Pixels, format: RenditionFormat): Promise<Buffer> {
  const image = sharp(data, { raw: { width, height, channels } })
  switch (format) {
    case 'webp': {
      const { quality, effort } = RENDITION_FORMATS.webp
      return image.webp({ quality, effort }).toBuffer()
    }
    case 'jpeg': {
      const { quality } = RENDITION_FORMATS.jpeg
      return image.flatten({ background: '#ffffff' }).jpeg({ quality, progressive: true }).toBuffer()
    }
  }
}
