import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { codedOf } from '../fixtures/heif-file.ts'
import { encodeAt } from '../workers/renditions/encode-at.ts'
import type { Pixels } from '../workers/renditions/pixels.ts'
import { textureOf } from '../workers/renditions/texture.ts'
import { noisyJpeg } from './support/pictures.ts'

describe('the texture of a picture', () => {
  test('is rough where grain or detail is everywhere', async () => {
    expect(textureOf(await pixelsOf(await noisyJpeg({ width: 640, height: 480 })))).toBe('rough')
  })

  test('is smooth where a sky is', async () => {
    expect(textureOf(await pixelsOf(await sky()))).toBe('smooth')
  })

  test('is flat where a good part is of one colour, whatever lies beside', async () => {
    const page = { create: { width: 640, height: 480, channels: 3, background: '#fafafa' } } as const
    const noise = await noisyJpeg({ width: 640, height: 300 })
    const screenshot = await sharp(page)
      .composite([{ input: noise, top: 0, left: 0 }])
      .png()
      .toBuffer()

    expect(textureOf(await pixelsOf(screenshot))).toBe('flat')
  })

  test('of one pixel is none', () => {
    expect(textureOf({ data: Buffer.alloc(3), width: 1, height: 1, channels: 3 })).toBe('rough')
  })

  test('has AVIF take its time for what it would smear in a hurry', async () => {
    const picture = await pixelsOf(await sky())
    const { data, width, height, channels } = picture
    const hurried = await sharp(data, { raw: { width, height, channels } })
      .avif({ quality: 58, effort: 0, chromaSubsampling: '4:4:4' })
      .toBuffer()

    const body = await encodeAt(picture, { format: 'avif', quality: null, isFine: false }, null)

    expect(body.length).toBeLessThan(hurried.length)
  })

  test('has AVIF keep colour at full size where half of it would be seen', async () => {
    const page = sharp({ create: { width: 64, height: 64, channels: 3, background: '#fafafa' } })
    const [rough, smooth, flat] = await Promise.all(
      [await noisyJpeg({ width: 640, height: 480 }), await sky(), await page.png().toBuffer()].map(pixelsOf),
    )
    const subsampling = async (picture: Pixels | undefined, isFine: boolean) => {
      const body = await encodeAt(picture as Pixels, { format: 'avif', quality: null, isFine }, null)
      const { configuration } = codedOf(body)
      // Of the AV1 configuration box: chroma_subsampling_x and _y.
      return ((configuration[2] as number) & 0b1100) === 0b1100 ? '4:2:0' : '4:4:4'
    }

    expect(await subsampling(rough, false)).toBe('4:2:0')
    expect(await subsampling(rough, true)).toBe('4:4:4')
    expect(await subsampling(smooth, false)).toBe('4:4:4')
    expect(await subsampling(flat, false)).toBe('4:4:4')
  })
})

/** Light above, dark below, in steps that none can see. */
async function sky(): Promise<Buffer> {
  const [width, height] = [640, 480]
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = 230 - y / 4 + 20 * Math.sin(x / 90) + (((x * 7 + y * 13) % 5) - 2) * 0.3
      data.set([light - 60, light - 20, light], (y * width + x) * 3)
    }
  }
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

async function pixelsOf(file: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height, channels: 3 }
}
