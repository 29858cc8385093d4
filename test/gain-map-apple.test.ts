import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { box, codedOf, itemsFile, pictureItem, text, u16, u32 } from '../fixtures/heif-file.ts'
import { xmpPacket } from '../workers/renditions/credit/xmp-texts.ts'
import { withFurtherImage } from '../workers/renditions/further-images.ts'
import { heicGainMap } from '../workers/renditions/gain-map/find-gain-map.ts'
import { segment, withSegments } from '../workers/renditions/jpeg/jpeg-segments.ts'
import { bodyOf, halves, make, openGainMap, SIZE } from './support/gain-maps.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import './support/near.ts'

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
    expect(levels).toBeNear([0, 0, right, right], 6)
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
