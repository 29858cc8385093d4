import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { CorruptPhotoError, TooManyPixelsError, UnsupportedPhotoError } from '../src/errors.ts'
import { decode } from '../workers/renditions/decode.ts'
import { segment } from '../workers/renditions/jpeg/jpeg-segments.ts'
import { mendJpeg } from '../workers/renditions/jpeg/mend-jpeg.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { noisyJpeg } from './support/pictures.ts'

const SIZE = { width: 200, height: 150 }
const [SOF, DQT, SOS, APP0, APP14] = [0xc0, 0xdb, 0xda, 0xe0, 0xee]

const noise = await noisyJpeg(SIZE)
const baseline = await sharp(noise).jpeg().toBuffer()
const progressive = await sharp(noise).jpeg({ progressive: true }).toBuffer()
const cmyk = await sharp(noise).toColourspace('cmyk').jpeg().toBuffer()
const full = await sharp(noise).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()
const grey = await sharp(noise).toColourspace('b-w').jpeg().toBuffer()
const KINDS = { baseline, progressive, 'full-coloured': full, grey, cmyk }

async function pixelsOf(jpeg: Buffer): Promise<Buffer> {
  return (await decode(await readHeader(jpeg, 1e6), SIZE, 1e6)).data
}

/** Where the first segment of that kind begins. */
function startOf(jpeg: Buffer, marker: number): number {
  return jpeg.indexOf(Buffer.from([0xff, marker]))
}

function withBytes(jpeg: Buffer, at: number, ...bytes: number[]): Buffer {
  const changed = Buffer.from(jpeg)
  changed.set(bytes, at)
  return changed
}

function inserted(jpeg: Buffer, at: number, bytes: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, at), bytes, jpeg.subarray(at)])
}

describe.each(Object.entries(KINDS))('a %s JPEG that others show whole is whole', (_, jpeg) => {
  test('without its end', async () => {
    const whole = await pixelsOf(jpeg)

    expect((await pixelsOf(jpeg.subarray(0, -2))).equals(whole)).toBe(true)
    expect((await pixelsOf(jpeg.subarray(0, -1))).equals(whole)).toBe(true)
  })

  test('with stray bytes between its segments', async () => {
    const whole = await pixelsOf(jpeg)
    for (const marker of [DQT, SOS]) {
      for (const stray of ['\0\0\0', 'stray', '\xff\0\xff', '\xff\xff\xff']) {
        const odd = inserted(jpeg, startOf(jpeg, marker), Buffer.from(stray, 'latin1'))
        expect((await pixelsOf(odd)).equals(whole)).toBe(true)
      }
    }
  })

  test('with versions of JFIF and Adobe that nobody knows', async () => {
    const odd = inserted(
      inserted(
        jpeg.subarray(0, jpeg.length),
        2,
        segment(APP14, Buffer.from('Adobe\0\x64\0\0\0\0\x07', 'latin1')),
      ),
      2,
      segment(APP0, Buffer.from('JFIF\0\x09\x01\0\0\x01\0\x01\0\0', 'latin1')),
    )

    expect((await pixelsOf(odd)).length).toBe(SIZE.width * SIZE.height * 3)
  })

  test('and is left as it is when nothing is wrong with it, whatever lies behind it', () => {
    for (const sound of [jpeg, Buffer.concat([jpeg, noise]), Buffer.concat([jpeg, Buffer.alloc(9)])]) {
      expect(mendJpeg(sound).file).toBe(sound)
    }
  })
})

test.each<[string, number[]]>([
  ['a low bit, as Samsung writes it', [0, 63, 1]],
  ['no coefficients', [0, 0, 0]],
  ['all kinds of nonsense', [7, 200, 0xff]],
])('a sequential JPEG whose scan speaks of %s is whole', async (_, numbers) => {
  const scan = startOf(baseline, SOS)
  const odd = withBytes(baseline, scan + 2 + baseline.readUInt16BE(scan + 2) - 3, ...numbers)

  expect((await pixelsOf(odd)).equals(await pixelsOf(baseline))).toBe(true)
})

describe('a JPEG that has a hole', () => {
  test.each(Object.entries(KINDS))(
    '%s, because it is cut, is refused, unless every pixel is there',
    async (_, jpeg) => {
      const whole = await pixelsOf(jpeg)
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(fc.integer({ min: 0, max: jpeg.length - 1 }), fc.integer({ min: 1, max: 60 })),
          async (cut) => {
            const shown = await pixelsOf(jpeg.subarray(0, cut > 60 ? cut : jpeg.length - cut)).catch(
              (error: unknown) => error,
            )
            if (Buffer.isBuffer(shown)) expect(shown.equals(whole)).toBe(true)
            else expect(shown).toBeInstanceOf(CorruptPhotoError)
          },
        ),
        { numRuns: 150 },
      )
    },
  )

  test('between two scans, each whole, is refused: pixels would lack their last bits', async () => {
    const lastScan = progressive.lastIndexOf(Buffer.from([0xff, SOS]))

    await expect(pixelsOf(progressive.subarray(0, lastScan))).rejects.toThrow(CorruptPhotoError)
    const ended = Buffer.concat([progressive.subarray(0, lastScan), Buffer.from([0xff])])
    await expect(pixelsOf(ended)).rejects.toThrow(CorruptPhotoError)
  })

  test('in its middle is refused, with its end and without', async () => {
    const from = startOf(baseline, SOS) + 500
    const holed = Buffer.concat([baseline.subarray(0, from), baseline.subarray(from + 700)])

    for (const odd of [holed, holed.subarray(0, -2), Buffer.from(baseline).fill(0, from, from + 700)]) {
      await expect(pixelsOf(odd)).rejects.toThrow(CorruptPhotoError)
    }
  })
})

describe('a JPEG that we have no decoder for', () => {
  const frame = startOf(baseline, SOF)

  test.each<[string, Buffer, string]>([
    ['of 12 bits', withBytes(baseline, frame + 4, 12), 'a JPEG with 12 bits per channel'],
    ['that is lossless', withBytes(baseline, frame + 1, 0xc3), 'a lossless JPEG'],
    ['that is hierarchical', withBytes(baseline, frame + 1, 0xc5), 'a hierarchical JPEG'],
  ])('%s is not called damaged', async (_, jpeg, words) => {
    const failure = await readHeader(jpeg, 1e6).catch((error: unknown) => error)

    expect(failure).toBeInstanceOf(UnsupportedPhotoError)
    expect((failure as Error).message).toContain(words)
  })
})

describe('pixels of a JPEG', () => {
  test('may be four times as many as of others, for it shrinks while it is read', async () => {
    const pixels = SIZE.width * SIZE.height

    await expect(readHeader(baseline, pixels / 4)).resolves.toMatchObject(SIZE)
    await expect(readHeader(baseline, pixels / 4 - 1)).rejects.toThrow(TooManyPixelsError)
  })

  test('may not when it is progressive, for then it is held in memory', async () => {
    const pixels = SIZE.width * SIZE.height

    await expect(readHeader(progressive, pixels)).resolves.toMatchObject(SIZE)
    await expect(readHeader(progressive, pixels - 1)).rejects.toThrow(TooManyPixelsError)
  })
})
