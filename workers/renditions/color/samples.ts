import type { Sharp } from 'sharp'
import type { Size } from '../../../src/photo/fit.ts'
import { sharp } from '../sharp.ts'

/**
 * RGB as it is in a file, before anybody asked what it means; alpha, where there is any, is not premultiplied. In 8
 * bits, or in 16 for more. `white` is the sample of full intensity.
 */
export type Samples = Size & { data: Uint8Array | Uint16Array; channels: 3 | 4; white: number }

/** The sample of full intensity as libvips gives it: what has more than 8 bits is shifted up to 16. */
export function whiteOf(bits: number): number {
  return bits <= 8 ? 255 : (2 ** bits - 1) * 2 ** (16 - bits)
}

/** Reads an image that has that white, in as many bits as it takes. */
export async function readSamples(image: Sharp, white: number): Promise<Samples> {
  const isDeep = white > 255
  const { data, info } = await image
    .toColourspace(isDeep ? 'rgb16' : 'srgb')
    .raw({ depth: isDeep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const samples = isDeep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data
  return { data: samples, width, height, channels: channels as 3 | 4, white }
}

export async function scaleSamples(samples: Samples, { width, height }: Size): Promise<Samples> {
  if (samples.width === width && samples.height === height) return samples
  const { data, channels, white } = samples
  const image = sharp(data, { raw: { width: samples.width, height: samples.height, channels } })
  return await readSamples(image.resize(width, height, { fit: 'fill' }), white)
}
