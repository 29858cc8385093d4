import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import type { FormatName } from '../../src/photo/formats.ts'

/** A file of fixtures/photos; fixtures/SOURCES.md says what is special about each. */
export function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../../fixtures/photos/${name}`, import.meta.url))
}

/**
 * A JPEG as busy as a photo: soft shapes under fine grain, so that encoders have work to do. The same size and
 * seed give the same picture.
 */
export async function noisyJpeg(size: { width: number; height: number }, seed = 1): Promise<Buffer> {
  const random = randomBytes(seed)
  const shapes = {
    width: Math.ceil(size.width / 64) + 1,
    height: Math.ceil(size.height / 64) + 1,
    channels: 3,
  } as const
  const grain = { width: 256, height: 256, channels: 3 } as const
  const soft = await sharp(random(shapes.width * shapes.height * 3), { raw: shapes })
    .resize({ ...size, fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
  const fine = random(grain.width * grain.height * 3)
  for (let i = 0; i < soft.length; i++) {
    soft[i] = Math.round((soft[i] as number) * 0.88 + (fine[i % fine.length] as number) * 0.12)
  }
  return sharp(soft, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 88 })
    .toBuffer()
}

/**
 * A photo of each format, with more bytes than any buffer on the way of an upload holds, and with its directory at
 * its end where the format lets it be there.
 */
export async function largePhotos(): Promise<Record<FormatName, Buffer>> {
  const jpeg = await noisyJpeg({ width: 1200, height: 800 })
  const small = sharp(jpeg).resize(600, 400)
  const heic = await fixture('phone-6.heic')
  // A box that means nothing: the encoder that wrote the photo is not at hand here.
  const filling = Buffer.alloc(200_000)
  filling.writeUInt32BE(filling.length)
  filling.write('free', 4, 'latin1')
  return {
    jpeg,
    png: await small.clone().png().toBuffer(),
    webp: await sharp(jpeg).webp({ quality: 95 }).toBuffer(),
    heic: Buffer.concat([heic, filling]),
    avif: await sharp(jpeg).avif({ quality: 90, effort: 0 }).toBuffer(),
    gif: await small.clone().gif().toBuffer(),
    tiff: await small.clone().tiff({ compression: 'deflate' }).toBuffer(),
  }
}

/** Mulberry32. */
function randomBytes(seed: number): (length: number) => Buffer {
  let state = seed
  return (length) => {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) {
      state = (state + 0x6d2b79f5) | 0
      let t = Math.imul(state ^ (state >>> 15), 1 | state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      bytes[i] = (t ^ (t >>> 14)) >>> 24
    }
    return bytes
  }
}
