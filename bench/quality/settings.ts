import type { AvifOptions, JpegOptions, WebpOptions } from 'sharp'
import { RENDITION_FORMATS, type Texture } from '../../src/photo/rendition-formats.ts'

type Options =
  | ({ format: 'jpeg' } & JpegOptions)
  | ({ format: 'webp' } & WebpOptions)
  | ({ format: 'avif' } & AvifOptions)

/** What workers/renditions tell of a picture before it is encoded. */
export type Kind = { isFine: boolean; texture: Texture }

/** One way to encode at several qualities. */
export type Encoder = {
  name: string
  qualities: readonly number[]
  options(quality: number, kind: Kind): Options
}

function jpeg(quality: number, { isFine }: Kind): Options {
  return isFine
    ? { format: 'jpeg', quality: quality - 4, progressive: true, chromaSubsampling: '4:4:4' }
    : { format: 'jpeg', quality, progressive: true, quantisationTable: 3 }
}

function avif(effort: number, chromaSubsampling: '4:4:4' | '4:2:0' = '4:4:4'): Encoder {
  return {
    name: `AVIF effort ${effort}${chromaSubsampling === '4:2:0' ? ', half colour' : ''}`,
    qualities: [46, 52, 58, 64],
    options: (quality) => ({ format: 'avif', quality, effort, chromaSubsampling }),
  }
}

const { settings, fineColor, textures } = RENDITION_FORMATS.avif
const byTexture: Partial<Record<Texture, AvifOptions>> = textures

export const ENCODERS: readonly Encoder[] = [
  { name: 'JPEG', qualities: [70, 78, 86], options: jpeg },
  {
    name: 'WebP effort 2',
    qualities: [72, 80, 88],
    options: (quality, { isFine }) => ({ format: 'webp', quality, effort: 2, smartSubsample: isFine }),
  },
  {
    name: 'AVIF by texture',
    qualities: [46, 52, 58, 64],
    options: (quality, { isFine, texture }) => ({
      format: 'avif',
      ...settings,
      ...byTexture[texture],
      ...(isFine && fineColor),
      quality,
    }),
  },
  avif(0),
  avif(1),
  avif(2),
]
