import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { UnsupportedPhotoError } from '../src/errors.ts'
import { decode } from '../workers/renditions/decode.ts'
import type { Pixels } from '../workers/renditions/pixels.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { tiffFile } from './support/tiff-file.ts'

const SIZE = { width: 40, height: 30 }
const PIXELS = SIZE.width * SIZE.height
const RGB = { ...SIZE, bits: 8, photometric: 2 }
const GREY = { ...SIZE, bits: 8, photometric: 1 }
const [UNSPECIFIED, UNASSOCIATED_ALPHA] = [0, 2]

/** The same samples in every pixel. */
function samples(...pixel: number[]): Buffer {
  return Buffer.from(Array.from({ length: PIXELS }, () => pixel).flat())
}

async function decoded(tiff: Buffer, maxPixels = 1e6): Promise<Pixels> {
  const photo = await readHeader(tiff, maxPixels)
  return await decode(photo, { width: 20, height: 15 }, maxPixels)
}

/** In the middle of the picture, a step away at most: scaling rounds what is transparent. */
async function expectPixel(tiff: Buffer, expected: readonly number[]): Promise<void> {
  const { data, width, height, channels } = await decoded(tiff)
  expect({ width, height, channels }).toEqual({ width: 20, height: 15, channels: expected.length })
  const shown = [...data.subarray(110 * channels, 111 * channels)]
  const distance = shown.map((value, i) => Math.abs(value - (expected[i] as number)))
  expect(Math.max(...distance), `${shown} instead of ${expected}`).toBeLessThanOrEqual(1)
}

describe('a TIFF is read', () => {
  test.each([
    { isBigEndian: false, isLarge: false },
    { isBigEndian: true, isLarge: false },
    { isBigEndian: false, isLarge: true },
    { isBigEndian: true, isLarge: true },
  ])('in either order of bytes, with small and large directories: %o', async (layout) => {
    await expectPixel(tiffFile(samples(180, 90, 60), { ...RGB, ...layout }), [180, 90, 60])
  })

  test.each<[string, number[], number[], number[]]>([
    ['one that says nothing of itself', [UNSPECIFIED], [180, 90, 60, 0], [180, 90, 60]],
    ['two masks', [UNSPECIFIED, UNSPECIFIED], [180, 90, 60, 0, 255], [180, 90, 60]],
    ['three masks', [UNSPECIFIED, UNSPECIFIED, UNSPECIFIED], [180, 90, 60, 0, 9, 0], [180, 90, 60]],
    ['transparency', [UNASSOCIATED_ALPHA], [180, 90, 60, 128], [180, 90, 60, 128]],
    [
      'transparency before a mask',
      [UNASSOCIATED_ALPHA, UNSPECIFIED],
      [180, 90, 60, 128, 0],
      [180, 90, 60, 128],
    ],
    [
      'transparency behind a mask',
      [UNSPECIFIED, UNASSOCIATED_ALPHA],
      [180, 90, 60, 0, 128],
      [180, 90, 60, 128],
    ],
  ])('with channels besides its colours: %s', async (_, extraSamples, stored, shown) => {
    await expectPixel(tiffFile(samples(...stored), { ...RGB, extraSamples }), shown)
  })

  test('in grey with channels besides', async () => {
    const extraSamples = [UNSPECIFIED, UNSPECIFIED]

    await expectPixel(tiffFile(samples(90, 0, 255), { ...GREY, extraSamples }), [90, 90, 90])
  })

  test.each([4, 6])('with %d channels though it tells of three colours alone', async (channels) => {
    const stored = [180, 90, 60, 0, 9, 0].slice(0, channels)

    await expectPixel(tiffFile(samples(...stored), { ...RGB, channels }), [180, 90, 60])
  })

  test('in 16 bits with channels besides', async () => {
    const wide = Buffer.from(Uint16Array.from(samples(180, 90, 60, 0, 0), (value) => value * 257).buffer)
    const tiff = tiffFile(wide, { ...RGB, bits: 16, extraSamples: [UNSPECIFIED, UNSPECIFIED] })

    await expectPixel(tiff, [180, 90, 60])
  })

  test('without counting pages that are never decoded', async () => {
    const page = await sharp(samples(180, 90, 60), { raw: { ...SIZE, channels: 3 } })
      .png()
      .toBuffer()
    const pages = sharp([page, page, page], { join: { animated: true } })
    const tiff = await pages.tiff({ compression: 'deflate' }).toBuffer()
    expect((await sharp(tiff).metadata()).pages).toBe(3)

    expect((await decoded(tiff, PIXELS)).width).toBe(20)
  })
})

describe('a TIFF that would come out wrong is refused, and not called damaged', () => {
  const float = (value: number) => Buffer.from(new Float32Array(PIXELS * 3).fill(value).buffer)

  test.each<[string, Buffer, string]>([
    ['fractions', tiffFile(float(0.5), { ...RGB, bits: 32, sampleFormat: 3 }), '32 bits per channel'],
    ['whole numbers of 32 bits', tiffFile(float(1), { ...RGB, bits: 32 }), '32 bits per channel'],
    ['signed numbers', tiffFile(samples(9, 9, 9), { ...RGB, sampleFormat: 2 }), 'signed numbers'],
    ['a DNG', tiffFile(samples(9, 9, 9), { ...RGB, fields: { 50706: [1] } }), 'a raw photo'],
    [
      'a preview of a raw photo',
      tiffFile(samples(9, 9, 9), { ...RGB, fields: { 254: [1], 330: [8] } }),
      'a raw photo',
    ],
    ...[10, 12, 14].map((bits): [string, Buffer, string] => [
      `${bits} bits`,
      tiffFile(samples(9, 9, 9), { ...RGB, bits }),
      `${bits} bits per channel`,
    ]),
    ['colours of 4 bits', tiffFile(samples(9, 9), { ...RGB, bits: 4 }), '4 bits per channel'],
    ['Lab of 8 bits', tiffFile(samples(9, 9, 9), { ...RGB, fields: { 262: [8] } }), 'in Lab colours'],
    ["ICC's Lab", tiffFile(samples(9, 9, 9), { ...RGB, fields: { 262: [9] } }), 'in Lab colours'],
    [
      'YCbCr that is neither halved nor JPEG',
      tiffFile(samples(9, 9, 9), { ...RGB, fields: { 262: [6], 530: [1, 1] } }),
      'in YCbCr colours',
    ],
    ["a sensor's colours", tiffFile(samples(9), { ...GREY, fields: { 262: [32803] } }), 'a raw photo'],
  ])('%s', async (_, tiff, words) => {
    const failure = await decoded(tiff).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(UnsupportedPhotoError)
    expect((failure as Error).message).toContain(words)
  })

  test('what would take more memory than pixels may', async () => {
    const tiff = tiffFile(samples(1, 2, 3, 4, 5), { ...RGB, extraSamples: [UNSPECIFIED, UNSPECIFIED] })

    await expect(decoded(tiff, (PIXELS * 5) / 4 - 1)).rejects.toThrow('a TIFF with 5 channels')
  })
})
