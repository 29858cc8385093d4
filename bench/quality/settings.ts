import type { AvifOptions, JpegOptions, WebpOptions } from 'sharp'

type Options =
  | ({ format: 'jpeg' } & JpegOptions)
  | ({ format: 'webp' } & WebpOptions)
  | ({ format: 'avif' } & AvifOptions)

/** One way to encode at several qualities; `isFine` as workers/renditions/fine-color.ts says. */
export type Encoder = {
  name: string
  qualities: readonly number[]
  options(quality: number, isFine: boolean): Options
}

function jpeg(quality: number, isFine: boolean): Options {
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

export const ENCODERS: readonly Encoder[] = [
  { name: 'JPEG', qualities: [70, 78, 86], options: jpeg },
  {
    name: 'WebP effort 2',
    qualities: [72, 80, 88],
    options: (quality, isFine) => ({ format: 'webp', quality, effort: 2, smartSubsample: isFine }),
  },
  avif(0),
  avif(1),
  avif(2),
]
