import fc from 'fast-check'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import type { FilterName } from '../src/photo/look/filter.ts'
import { applicationSegments } from '../workers/renditions/jpeg/jpeg-segments.ts'
import { ownScan } from '../workers/renditions/jpeg/own-scan.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { noisyJpeg } from './support/pictures.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'

const LIMITS = { maxPixels: 1e8 }
const SIZE = { width: 300, height: 200 }

describe('the JPEG of a photo in its own size', () => {
  test('has the very pixels of an original that is coarser than we encode, and no metadata but its credit', async () => {
    const original = await jpeg((image) =>
      image.withExif({ IFD0: { Artist: 'Zoe Smith', Make: 'Secret' }, IFD3: { GPSLatitude: '1/1 2/1 3/1' } }),
    )

    const body = await fullOf(original)

    expect(await pixelsOf(body)).toEqual(await pixelsOf(original))
    const { exif, icc, iptc, width, height } = await sharp(body).metadata()
    expect({ icc, iptc, width, height }).toEqual({ icc: undefined, iptc: undefined, ...SIZE })
    expect(String(exif)).not.toContain('Secret')
    expect(body.includes('Zoe Smith')).toBe(true)
    expect(body.length).toBeLessThan(original.length)
  })

  test('has nothing of what lies behind the picture or between its segments', async () => {
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 8]), Buffer.from('secret')])
    const plain = await jpeg()
    const original = Buffer.concat([plain.subarray(0, 2), comment, plain.subarray(2), Buffer.from('secret')])

    const body = await fullOf(original)

    expect(body.includes('secret')).toBe(false)
    expect(applicationSegments(body).segments).toEqual([])
    expect(await pixelsOf(body)).toEqual(await pixelsOf(plain))
  })

  test('is never larger than encoding the picture anew makes it, whatever the quality of the original', async () => {
    const picture = await noisyJpeg(SIZE)
    const shape = fc.record({
      quality: fc.integer({ min: 5, max: 100 }),
      quantisationTable: fc.integer({ min: 0, max: 8 }),
      progressive: fc.boolean(),
    })

    await fc.assert(
      fc.asyncProperty(shape, async (options) => {
        const original = await sharp(picture).jpeg(options).toBuffer()
        const body = await fullOf(original)
        const anew = await sharp(original).png().toBuffer()

        expect(body.length).toBeLessThanOrEqual((await fullOf(anew)).length)
        expect(body.length).toBeLessThanOrEqual(original.length)
      }),
      { numRuns: 25 },
    )
  })

  test.each<[why: string, make: (image: Sharp) => Sharp]>([
    ['turned', (image) => image.withMetadata({ orientation: 6 })],
    ['in the colours of a profile', (image) => image.withIccProfile('p3')],
    ['in CMYK', (image) => image.toColourspace('cmyk')],
  ])('is encoded when the original is %s', async (_why, make) => {
    const photo = await readHeader(await jpeg(make), LIMITS.maxPixels)

    expect(await ownScan(photo, photo)).toBeNull()
  })

  test('is encoded in a look, and of other originals than JPEG', async () => {
    const original = await jpeg()
    const look = { filter: 'mono' as FilterName, strength: 1 }
    const inLook = await fullOf(original, { look })
    const png = await readHeader(await sharp(original).png().toBuffer(), LIMITS.maxPixels)

    expect(await pixelsOf(inLook)).not.toEqual(await pixelsOf(original))
    expect(await ownScan(png, png)).toBeNull()
  })

  test('of grey and of progressive originals shows what they show', async () => {
    for (const make of [
      (image: Sharp) => image.greyscale(),
      (image: Sharp) => image.jpeg({ quality: 40, progressive: true }),
    ]) {
      const original = await jpeg(make)
      expect(await pixelsOf(await fullOf(original))).toEqual(await pixelsOf(original))
    }
  })
})

async function jpeg(make: (image: Sharp) => Sharp = (image) => image): Promise<Buffer> {
  return await make(sharp(await noisyJpeg(SIZE)).jpeg({ quality: 40 })).toBuffer()
}

async function fullOf(original: Buffer, parts: Parameters<typeof wish>[0] = {}): Promise<Buffer> {
  const { renditions } = await makeRenditions(
    original,
    wish({ presets: ['full'], formats: ['jpeg'], ...parts }),
    LIMITS,
  )
  return (renditions[0] as { body: Buffer }).body
}

async function pixelsOf(file: Buffer): Promise<Buffer> {
  return await sharp(file).raw().toBuffer()
}
