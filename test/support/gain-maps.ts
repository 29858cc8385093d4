import sharp from 'sharp'
import { makeRenditions } from './renditions.ts'
import { wish } from './wish.ts'

export const SIZE = { width: 1600, height: 1200 }

export async function halves(): Promise<Buffer> {
  const [width, height] = [SIZE.width / 4, SIZE.height / 4]
  const data = Buffer.alloc(width * height)
  for (let i = 0; i < data.length; i++) data[i] = i % width < width / 2 ? 0 : 200
  return await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .jpeg({ quality: 95 })
    .toBuffer()
}

export async function make(original: Buffer, parts: Parameters<typeof wish>[0] = {}) {
  return (await makeRenditions(original, wish(parts), { maxPixels: 1e8 })).renditions
}

export function bodyOf(made: Awaited<ReturnType<typeof make>>, preset: string, format: string): Buffer {
  return made.find((it) => it.preset === preset && it.format === format)?.body as Buffer
}

/** As libultrahdr reads it, which workers keep shut. `levels` are of its corners: left above and below, right above and below. */
export async function openGainMap(body: Buffer) {
  sharp.unblock({ operation: ['VipsForeignLoadUhdr'] })
  try {
    const picture = await sharp(body).metadata()
    const image = picture.gainMap?.image as Buffer
    const map = await sharp(image).metadata()
    const { data, info } = await sharp(image).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true })
    const at = (x: number, y: number) =>
      data[
        (Math.floor(y * (info.height - 1)) * info.width + Math.floor(x * (info.width - 1))) * info.channels
      ]
    const levels = [at(0.1, 0.1), at(0.1, 0.9), at(0.9, 0.1), at(0.9, 0.9)] as number[]
    return { picture, map, levels, xmp: map.xmp?.toString() }
  } finally {
    sharp.block({ operation: ['VipsForeignLoadUhdr'] })
  }
}
