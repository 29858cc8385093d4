import { readFile } from 'node:fs/promises'
import sharp from 'sharp'

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
