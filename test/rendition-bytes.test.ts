import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { RENDITION_FORMAT_NAMES } from '../src/photo/rendition-formats.ts'
import { byteLimit } from '../workers/renditions/byte-limit.ts'
import { readHeader } from '../workers/renditions/read-header.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { bodyOf, JPEG_AND_WEBP, LIMITS, pixelsOf } from './support/rendition-pixels.ts'
import { makeRenditions, type RenditionFile } from './support/renditions.ts'
import { wish } from './support/wish.ts'

describe('a rendition as large as the original', () => {
  test.each([10, 20, 30, 45, 70, 90])('has no more bytes than a JPEG of quality %i', async (quality) => {
    const original = await sharp(await noisyJpeg({ width: 500, height: 400 }))
      .jpeg({ quality })
      .toBuffer()

    const { renditions } = await makeRenditions(original, wish({ formats: RENDITION_FORMAT_NAMES }), LIMITS)

    const whole = renditions.filter(({ width }) => width === 500)
    // AVIF is left out where it would have to be of no use
    expect(whole.filter(({ format }) => format !== 'avif')).toHaveLength(6)
    for (const { bytes } of whole) expect(bytes).toBeLessThanOrEqual(original.length)
  })

  test('of a drawing loses nothing as WebP where losing something would take more bytes', async () => {
    const original = await drawing()

    const { renditions } = await makeRenditions(original, wish({ formats: JPEG_AND_WEBP }), LIMITS)

    const body = bodyOf(renditions, 'full', 'webp')
    expect(body.length).toBeLessThanOrEqual(original.length)
    expect(await pixelsOf(body)).toEqual(await pixelsOf(original))
  })
})

describe('text of few colours', () => {
  test('is never made unreadable to have fewer bytes: AVIF is left out, and WebP loses nothing', async () => {
    const original = await writing()

    const { renditions } = await makeRenditions(original, wish({ formats: RENDITION_FORMAT_NAMES }), LIMITS)

    const whole = renditions.filter(({ width }) => width === 640)
    expect(new Set(whole.map(({ format }) => format))).toEqual(new Set(['webp', 'jpeg']))
    const body = bodyOf(renditions, 'full', 'webp')
    expect(body.length).toBeLessThan(original.length)
    expect(await pixelsOf(body)).toEqual(await pixelsOf(original))
    const asJpeg = await pixelsOf(bodyOf(renditions, 'full', 'jpeg'))
    const wanted = await pixelsOf(original)
    const distance = asJpeg.reduce((sum, value, i) => sum + Math.abs(value - (wanted[i] as number)), 0)
    expect(distance / asJpeg.length).toBeLessThan(8)
  })

  test('has no AVIF of more bytes than what there is in another format', async () => {
    const original = await noisyJpeg({ width: 800, height: 600 })
    const formats = ['avif'] as const
    const made = async (bytes: number) => {
      const rivals = new Map([['medium', bytes]] as const)
      return (await makeRenditions(original, wish({ presets: ['medium'], formats, rivals }), LIMITS))
        .renditions
    }

    const [first] = await made(Number.POSITIVE_INFINITY)
    const { bytes } = first as { bytes: number }

    expect(await made(bytes + 1)).toHaveLength(1)
    expect(await made(bytes)).toHaveLength(0)
  })

  test.each([
    ['png', true],
    ['gif', true],
    ['webp', false],
    ['jpeg', false],
  ] as const)(
    'is stored without loss where the original was, where that is smaller: %s, %s',
    async (format, isLossless) => {
      const original = await sharp(await noisyJpeg({ width: 200, height: 100 }))
        .toFormat(format, { quality: 20 })
        .toBuffer()
      const photo = await readHeader(original, LIMITS.maxPixels)

      expect(byteLimit(photo, original, photo, 'webp')).toEqual({ bytes: original.length, isLossless })
    },
  )
})

describe('colour that changes from pixel to pixel', () => {
  test.each(['jpeg', 'webp'] as const)('is smeared less in %s than it usually is', async (format) => {
    const grey = async (body: Buffer) => await sharp(body).greyscale().raw().toBuffer()
    const light = await grey(await drawing())
    // of a format that is never the limit
    const original = await sharp(await drawing())
      .tiff({ compression: 'none' })
      .toBuffer()
    const usual = await sharp(original).toFormat(format, { quality: 80 }).toBuffer()

    const { renditions } = await makeRenditions(original, wish({ formats: JPEG_AND_WEBP }), LIMITS)

    const distance = async (body: Buffer) =>
      (await grey(body)).reduce((sum, value, i) => sum + Math.abs(value - (light[i] as number)), 0)
    expect(await distance(bodyOf(renditions, 'full', format))).toBeLessThan(0.9 * (await distance(usual)))
  })
})

describe('what else is in a rendition', () => {
  test('is nothing: no profile, no thumbnail, no metadata', async () => {
    const { renditions } = await makeRenditions(await fixture('phone-6.heic'), wish(), LIMITS)

    for (const { body } of renditions) {
      const { exif, icc, xmp, iptc } = await sharp(body).metadata()
      expect({ exif, icc, xmp, iptc }).toEqual({})
    }
  })

  test('is not twice the same work: presets that come out alike share an object', async () => {
    const kept: string[] = []
    const keep = async ({ preset, format }: RenditionFile) => void kept.push(`${preset} ${format}`)
    const { renditions } = await makeRenditions(await fixture('plain.jpg'), wish(), LIMITS, keep)

    const named = renditions.map(({ preset, namedBy = preset, format }) => `${namedBy} ${format}`)
    expect(new Set(kept)).toEqual(new Set(named))
    expect(kept).toHaveLength(new Set(named).size)
    expect(bodyOf(renditions, 'full', 'jpeg')).toBe(bodyOf(renditions, 'small', 'jpeg'))
  })
})

/** Thin red and blue lines on white, as a chart has them. */
/** Letters as screens draw them: thin, in sixteen shades, on one colour. */
async function writing(): Promise<Buffer> {
  const size = { width: 640, height: 400 }
  const data = Buffer.alloc(size.width * size.height * 3, 250)
  const glyphs = [0x1f4, 0x0ea, 0x155, 0x1b3, 0x0d6, 0x12d]
  for (let y = 20; y < 380; y++) {
    if (y % 20 >= 9) continue
    for (let x = 20; x < 620; x++) {
      const [letter, row, column] = [Math.floor(x / 8) + 3 * Math.floor(y / 20), y % 20, x % 8]
      const bits = glyphs[letter % glyphs.length] as number
      const ink = column < 6 && ((bits >> ((row + 2 * column) % 9)) & 1) === 1
      if (ink)
        data.fill(20 + 12 * ((row + column) % 16), (y * size.width + x) * 3, (y * size.width + x + 1) * 3)
    }
  }
  return await sharp(data, { raw: { ...size, channels: 3 } })
    .png({ palette: true })
    .toBuffer()
}

async function drawing(): Promise<Buffer> {
  const size = { width: 240, height: 160 }
  const data = Buffer.alloc(size.width * size.height * 3, 255)
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const at = (y * size.width + x) * 3
      if ((x + y) % 7 === 0) data.set([230, 20, 20], at)
      else if ((x - y + 280) % 11 === 0) data.set([20, 30, 220], at)
    }
  }
  return await sharp(data, { raw: { ...size, channels: 3 } })
    .png({ palette: true })
    .toBuffer()
}
