import sharp from 'sharp'

export type PhotoKind = { width: number; height: number; quality: number }

/**
 * As phones take them: 12 and 2 megapixels, and one whose file is about three times as large as the first. The small
 * one is for what wants many.
 */
export const PHOTOS = {
  'photo of 12 MP': { width: 4032, height: 3024, quality: 88 },
  'photo of 2 MP': { width: 1632, height: 1224, quality: 88 },
  'small photo': { width: 240, height: 180, quality: 88 },
  'photo of 12 MB': { width: 4896, height: 3672, quality: 99 },
} as const satisfies Record<string, PhotoKind>

export type PhotoName = keyof typeof PHOTOS

/**
 * A JPEG that is as hard to decode and to encode as a photo: large soft shapes with edges between them, texture
 * on some, fine grain on all. Always the same bytes with the same libvips.
 */
export async function drawPhoto({ width, height, quality }: PhotoKind): Promise<Buffer> {
  const size = { width, height }
  const random = randomSequence(2024)
  const shapes = await field(random, { width: 9, height: 7 }, size)
  const colors = await field(random, { width: 6, height: 5 }, size)
  const texture = await field(random, { width: Math.round(width / 7), height: Math.round(height / 7) }, size)

  const pixels = Buffer.alloc(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    const shape = at(shapes, i)
    const color = at(colors, i)
    // Two edges, and texture on one side of the first only, as leaves beneath a sky.
    const level = (shape > 120 ? 60 : 0) + (shape > 165 ? 50 : 0) + shape * 0.35
    const detail = shape > 120 ? (at(texture, i) - 128) * 0.35 : 0
    const grain = (random() - 0.5) * GRAIN
    pixels[i * 3] = clamp(level + detail + grain + color * 0.3)
    pixels[i * 3 + 1] = clamp(level + detail + grain + 30)
    pixels[i * 3 + 2] = clamp(level + detail * 0.7 + grain + (255 - color) * 0.3)
  }
  return await sharp(pixels, { raw: { ...size, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}

const GRAIN = 24

/** Random values on a coarse grid, smoothly interpolated to the size: one byte per pixel. */
async function field(
  random: () => number,
  grid: { width: number; height: number },
  size: { width: number; height: number },
): Promise<Buffer> {
  const coarse = Buffer.from(Array.from({ length: grid.width * grid.height }, () => random() * 256))
  return await sharp(coarse, { raw: { ...grid, channels: 1 } })
    .resize({ ...size, fit: 'fill', kernel: 'cubic' })
    .toColourspace('b-w')
    .raw()
    .toBuffer()
}

function at(bytes: Buffer, index: number): number {
  return bytes[index] as number
}

function clamp(level: number): number {
  return Math.min(Math.max(level, 0), 255)
}

/** Numbers in 0..1, the same for the same seed (Mulberry32). */
function randomSequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
