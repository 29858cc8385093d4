import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { box, codedOf, itemsFile, pictureItem, text, u16, u32 } from '../fixtures/heif-file.ts'
import type { FilterName } from '../src/photo/filter.ts'
import { exifTexts } from '../workers/renditions/exif-texts.ts'
import { furtherImages, withFurtherImage } from '../workers/renditions/further-images.ts'
import { heicGainMap } from '../workers/renditions/gain-map/find-gain-map.ts'
import { attachGainMap } from '../workers/renditions/gain-map/gain-map.ts'
import { segment, withSegments } from '../workers/renditions/jpeg-segments.ts'
import { xmpOf, xmpPacket, xmpTexts } from '../workers/renditions/xmp-texts.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'

const NUMBERS =
  'hdrgm:Version="1.0" hdrgm:GainMapMin="0" hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMax="2.5" hdrgm:BaseRenditionIsHDR="False"'
const SIZE = { width: 1600, height: 1200 }

describe('the gain map of an Ultra HDR photo', () => {
  test('is kept in feed and full as JPEG, where HDR readers find it, beside the picture there would be without it', async () => {
    const base = await noisyJpeg(SIZE)

    const made = await make(await ultraHdr(base))
    const plain = await make(base)

    for (const [preset, width] of [
      ['full', 1600],
      ['feed', 1080],
    ] as const) {
      const body = bodyOf(made, preset, 'jpeg')
      const found = await openGainMap(body)
      expect(found.picture).toMatchObject({ width, height: width * 0.75 })
      expect(found.map).toMatchObject({
        width: width / 4,
        height: Math.round((width / 4) * 0.75),
        channels: 1,
      })
      expect(found.levels).toBeNear([0, 0, 200, 200])
      expect(found.xmp).toContain(NUMBERS)
      expect(await sharp(body).raw().toBuffer()).toEqual(
        await sharp(bodyOf(plain, preset, 'jpeg'))
          .raw()
          .toBuffer(),
      )
    }
  })

  test('is turned with the photo', async () => {
    const base = await sharp(await noisyJpeg(SIZE))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()

    const made = await make(await ultraHdr(base))

    const found = await openGainMap(bodyOf(made, 'feed', 'jpeg'))
    expect(found.map).toMatchObject({ width: 270, height: 360 })
    // what was right is below
    expect(found.levels).toBeNear([0, 200, 0, 200])
  })

  test('shares its metadata with the credit of the photo', async () => {
    const base = await sharp(await noisyJpeg(SIZE))
      .withXmp(xmpOf({ artist: 'Zoë', copyright: null }))
      .jpeg()
      .toBuffer()

    const made = await make(await ultraHdr(base))

    const body = bodyOf(made, 'feed', 'jpeg')
    const { exif, xmp } = await sharp(body).metadata()
    expect((await openGainMap(body)).levels).toBeNear([0, 0, 200, 200])
    expect(exifTexts(exif as Buffer).artist).toBe('Zoe')
    expect(xmpTexts(xmp as Buffer).artist).toBe('Zoë')
  })

  test('brings nothing but its numbers with it', async () => {
    const made = await make(await ultraHdr(await noisyJpeg(SIZE)))

    for (const { body } of made) expect(body.toString('latin1')).not.toMatch(/PRIVATE/)
  })

  test('is left out of other renditions, and of those with a look, which it knows nothing of', async () => {
    const original = await ultraHdr(await noisyJpeg(SIZE))
    const look = { filter: 'mono' as FilterName, strength: 1 }

    const made = await make(original)
    const looks = await make(original, { look })

    const without = [...made.filter(({ preset, format }) => !isBright(preset, format)), ...looks]
    expect(without).toHaveLength(8)
    for (const { body } of without) expect(body.includes('hdrgm')).toBe(false)
  })

  test('that is damaged is left out, and the picture is whole', async () => {
    const original = await ultraHdr(await noisyJpeg(SIZE))

    const made = await make(original.subarray(0, original.length - 900))

    expect(bodyOf(made, 'feed', 'jpeg').includes('hdrgm')).toBe(false)
    expect(made).toHaveLength(5)
  })
})

describe('a gain map of three colours', () => {
  test('keeps its values, whatever profile lies beside them', async () => {
    const color = { r: 220, g: 60, b: 30 }
    const picture = await sharp({ create: { width: 400, height: 300, channels: 3, background: color } })
      .keepIccProfile()
      .jpeg({ quality: 95 })
      .toBuffer()
    const { icc } = await sharp(await sharp(picture).withIccProfile('p3').jpeg().toBuffer()).metadata()
    const tagged = withSegments(picture, segment(0xe2, 'ICC_PROFILE\0', Buffer.from([1, 1]), icc as Buffer))
    const original = attachGainMap(await noisyJpeg(SIZE), withSegments(tagged, segment(0xe1, xmpOfNumbers())))

    const made = await make(original)

    const image = await gainMapIn(bodyOf(made, 'feed', 'jpeg'))
    const { data } = await sharp(image).raw().toBuffer({ resolveWithObject: true })
    expect([...data.subarray(0, 3)]).toBeNear([220, 60, 30])
  })
})

describe("the gain map of an iPhone's photo", () => {
  const headroom = 4

  test('is kept as that of an Ultra HDR photo, in JPEG, with the headroom of the maker', async () => {
    const base = await withMakerNote(await noisyJpeg(SIZE), [0.5, 1])
    const note = 'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" HDRGainMap:HDRGainMapVersion="65536"'
    const map = withSegments(
      await halves(),
      segment(0xe1, `http://ns.adobe.com/xap/1.0/\0${xmpPacket(note, '')}`),
    )

    const made = await make(withFurtherImage(base, map))

    // 0.5 and 1: 2 to the power of -0.101 + 1.601
    await expectGain(bodyOf(made, 'feed', 'jpeg'), 2 ** 1.5)
    await expectGain(bodyOf(made, 'full', 'jpeg'), 2 ** 1.5)
  })

  test('is kept in HEIC, with the headroom that its XMP says', async () => {
    const made = await make(await appleHeic())

    const body = bodyOf(made, 'feed', 'jpeg')
    await expectGain(body, headroom)
    expect(await sharp(body).metadata()).toMatchObject({ width: 160, height: 120 })
  })

  test('is kept in HEIC where a tone map applies it (ISO 21496-1)', async () => {
    const made = await make(await toneMappedHeic())

    const { map, xmp } = await openGainMap(bodyOf(made, 'feed', 'jpeg'))
    expect(map).toMatchObject({ width: 160, height: 120 })
    expect(xmp).toContain('hdrgm:HDRCapacityMax="2"')
    expect(xmp).toContain('hdrgm:GainMapMax="1.5"')
  })

  test('in a container that is damaged anywhere fails nothing while it is looked for', async () => {
    const [apple, toneMapped] = [await appleHeic(), await toneMappedHeic()]
    const original = fc.constantFrom(apple, toneMapped)
    const damage = fc.array(fc.tuple(fc.nat(700), fc.nat(255)), { minLength: 1, maxLength: 4 })

    fc.assert(
      fc.property(original, damage, (original, damage) => {
        const bytes = Buffer.from(original)
        for (const [at, value] of damage) bytes[at] = value
        heicGainMap(bytes, { exif: undefined })
      }),
      { numRuns: 3000 },
    )
  })

  test('without a headroom is left out', async () => {
    const made = await make(await appleHeic(''))

    expect(bodyOf(made, 'feed', 'jpeg').includes('hdrgm')).toBe(false)
  })

  /** Levels 0 on the left, 200 on the right, which light by BT.709 is 0.591 of. */
  async function expectGain(body: Buffer, headroom: number) {
    const { levels, xmp } = await openGainMap(body)
    const right = (255 * Math.log2(1 + (headroom - 1) * 0.591)) / Math.log2(headroom)
    expect(levels).toBeNear([0, 0, right, right])
    const [, most] = /hdrgm:GainMapMax="([\d.]+)"/.exec(xmp ?? '') ?? []
    expect(2 ** Number(most)).toBeCloseTo(headroom, 3)
  }

  async function appleHeic(headroomWords = `HDRGainMap:HDRGainMapHeadroom="${headroom}"`): Promise<Buffer> {
    const photo = codedOf(await fixture('photo.heic'))
    const map = codedOf(await fixture('gain-map.heic'))
    const xmp = xmpPacket(`xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" ${headroomWords}`, '')
    const use = box('auxC', u32(0), text('urn:com:apple:photo:2020:aux:hdrgainmap\0'))
    return itemsFile('heic', [
      pictureItem(photo, [160, 120]),
      { ...pictureItem(map, [96, 72], use), references: { auxl: [1] }, isHidden: true },
      { type: 'mime', data: Buffer.from(xmp), properties: [], references: { cdsc: [2] }, isHidden: true },
    ])
  }

  async function toneMappedHeic(): Promise<Buffer> {
    const photo = pictureItem(codedOf(await fixture('photo.heic')), [160, 120])
    const fractions = [0, 2, 0, 1.5, 1, 0, 0].flatMap((value) => [...u32(value * 10), ...u32(10)])
    const numbers = Buffer.from([0, 0, 0, 0, 0, 0, ...fractions])
    return itemsFile('heic', [
      photo,
      { ...photo, isHidden: true },
      { type: 'tmap', data: numbers, properties: [], references: { dimg: [1, 2] } },
    ])
  }
})

/** The second image of the file. */
async function gainMapIn(body: Buffer): Promise<Buffer> {
  return furtherImages(body)[0] as Buffer
}

/** EXIF with a note of Apple's that has these numbers 33 and 48. */
async function withMakerNote(jpeg: Buffer, [headroom, gain]: [number, number]): Promise<Buffer> {
  const entry = (tag: number, type: number, count: number, value: number) => [
    ...u16(tag),
    ...u16(type),
    ...u32(count),
    ...u32(value),
  ]
  const rational = (value: number) => [...u32(value * 1000), ...u32(1000)]
  const note = Buffer.from([
    ...Buffer.from('Apple iOS\0\0\x01MM', 'latin1'),
    ...[...u16(2), ...entry(33, 10, 1, 44), ...entry(48, 10, 1, 52), ...u32(0)],
    ...[...rational(headroom), ...rational(gain)],
  ])
  const tiff = Buffer.from([
    ...Buffer.from('MM\0*', 'latin1'),
    ...[...u32(8), ...u16(1), ...entry(0x8769, 4, 1, 26), ...u32(0)],
    ...[...u16(1), ...entry(0x927c, 7, note.length, 44), ...u32(0)],
    ...note,
  ])
  return withSegments(jpeg, segment(0xe1, 'Exif\0\0', tiff))
}

/** A gain map of a quarter of the size: nothing on the left, much on the right; with words that are none of its. */
async function ultraHdr(base: Buffer): Promise<Buffer> {
  // An orientation of its own, 3, which is not the photo's.
  const entry = [...u16(0x0112), ...u16(3), ...u32(1), ...u16(3), ...u16(0)]
  const tiff = [...Buffer.from('MM\0*', 'latin1'), ...u32(8), ...u16(1), ...entry, ...u32(0)]
  const exif = segment(0xe1, 'Exif\0\0', Buffer.from(tiff), 'PRIVATE')
  return attachGainMap(base, withSegments(await halves(), exif, segment(0xe1, xmpOfNumbers())))
}

async function halves(): Promise<Buffer> {
  const [width, height] = [SIZE.width / 4, SIZE.height / 4]
  const data = Buffer.alloc(width * height)
  for (let i = 0; i < data.length; i++) data[i] = i % width < width / 2 ? 0 : 200
  return await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .jpeg({ quality: 95 })
    .toBuffer()
}

function xmpOfNumbers(): string {
  return `http://ns.adobe.com/xap/1.0/\0${xmpPacket(`xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:a="urn:a" a:word="PRIVATE" ${NUMBERS}`, '')}`
}

async function make(original: Buffer, parts: Parameters<typeof wish>[0] = {}) {
  return (await makeRenditions(original, wish(parts), { maxPixels: 1e8 })).renditions
}

function isBright(preset: string, format: string): boolean {
  return format === 'jpeg' && (preset === 'feed' || preset === 'full')
}

function bodyOf(made: Awaited<ReturnType<typeof make>>, preset: string, format: string): Buffer {
  return made.find((it) => it.preset === preset && it.format === format)?.body as Buffer
}

/** As libultrahdr reads it, which workers keep shut. `levels` are of its corners: left above and below, right above and below. */
async function openGainMap(body: Buffer) {
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

expect.extend({
  toBeNear(levels: readonly number[], expected: readonly number[]) {
    const pass = levels.every((level, i) => Math.abs(level - (expected[i] as number)) <= 6)
    return { pass, message: () => `${levels} is ${pass ? '' : 'not '}near ${expected}` }
  },
})
