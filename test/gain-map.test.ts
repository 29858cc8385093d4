import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { u16, u32 } from '../fixtures/heif-file.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { exifTexts } from '../workers/renditions/credit/exif-texts.ts'
import { xmpOf, xmpPacket, xmpTexts } from '../workers/renditions/credit/xmp-texts.ts'
import { furtherImages } from '../workers/renditions/further-images.ts'
import { attachGainMap } from '../workers/renditions/gain-map/gain-map.ts'
import { segment, withSegments } from '../workers/renditions/jpeg/jpeg-segments.ts'
import { bodyOf, halves, make, openGainMap, SIZE } from './support/gain-maps.ts'
import { noisyJpeg } from './support/pictures.ts'
import './support/near.ts'

const NUMBERS =
  'hdrgm:Version="1.0" hdrgm:GainMapMin="0" hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMax="2.5" hdrgm:BaseRenditionIsHDR="False"'

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
      expect(found.levels).toBeNear([0, 0, 200, 200], 6)
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
    expect(found.levels).toBeNear([0, 200, 0, 200], 6)
  })

  test('shares its metadata with the credit of the photo', async () => {
    const base = await sharp(await noisyJpeg(SIZE))
      .withXmp(xmpOf({ artist: 'Zoë', copyright: null }))
      .jpeg()
      .toBuffer()

    const made = await make(await ultraHdr(base))

    const body = bodyOf(made, 'feed', 'jpeg')
    const { exif, xmp } = await sharp(body).metadata()
    expect((await openGainMap(body)).levels).toBeNear([0, 0, 200, 200], 6)
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
    expect([...data.subarray(0, 3)]).toBeNear([220, 60, 30], 6)
  })
})

/** The second image of the file. */
async function gainMapIn(body: Buffer): Promise<Buffer> {
  return furtherImages(body)[0] as Buffer
}

/** A gain map of a quarter of the size: nothing on the left, much on the right; with words that are none of its. */
async function ultraHdr(base: Buffer): Promise<Buffer> {
  // An orientation of its own, 3, which is not the photo's.
  const entry = [...u16(0x0112), ...u16(3), ...u32(1), ...u16(3), ...u16(0)]
  const tiff = [...Buffer.from('MM\0*', 'latin1'), ...u32(8), ...u16(1), ...entry, ...u32(0)]
  const exif = segment(0xe1, 'Exif\0\0', Buffer.from(tiff), 'PRIVATE')
  return attachGainMap(base, withSegments(await halves(), exif, segment(0xe1, xmpOfNumbers())))
}

function xmpOfNumbers(): string {
  return `http://ns.adobe.com/xap/1.0/\0${xmpPacket(`xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:a="urn:a" a:word="PRIVATE" ${NUMBERS}`, '')}`
}

function isBright(preset: string, format: string): boolean {
  return format === 'jpeg' && (preset === 'feed' || preset === 'full')
}
