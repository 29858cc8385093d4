import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { FilterName } from '../src/photo/filter.ts'
import { READY_RENDITIONS } from '../src/photo/recipe.ts'
import { exifTexts } from '../workers/renditions/exif-texts.ts'
import { attachGainMap } from '../workers/renditions/gain-map.ts'
import { segment, withSegments } from '../workers/renditions/jpeg-segments.ts'
import { makeRenditions, type Wish } from '../workers/renditions/make-renditions.ts'
import { xmpOf, xmpTexts } from '../workers/renditions/xmp-texts.ts'
import { noisyJpeg } from './support/pictures.ts'

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
    expect(found.map).toMatchObject({ width: 203, height: 270 })
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
    expect(without).toHaveLength(18)
    for (const { body } of without) expect(body.includes('hdrgm')).toBe(false)
  })

  test('that is damaged is left out, and the picture is whole', async () => {
    const original = await ultraHdr(await noisyJpeg(SIZE))

    const made = await make(original.subarray(0, original.length - 900))

    expect(bodyOf(made, 'feed', 'jpeg').includes('hdrgm')).toBe(false)
    expect(made).toHaveLength(10)
  })
})

/** A gain map of a quarter of the size: nothing on the left, much on the right; with words that are none of its. */
async function ultraHdr(base: Buffer): Promise<Buffer> {
  const [width, height] = [SIZE.width / 4, SIZE.height / 4]
  const data = Buffer.alloc(width * height)
  for (let i = 0; i < data.length; i++) data[i] = i % width < width / 2 ? 0 : 200
  const picture = await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .withExif({ IFD0: { Model: 'PRIVATE' } })
    .jpeg({ quality: 95 })
    .toBuffer()
  const xmp = `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:a="urn:a" a:word="PRIVATE" ${NUMBERS}/></rdf:RDF></x:xmpmeta>`
  return attachGainMap(base, withSegments(picture, segment(0xe1, xmp)))
}

async function make(original: Buffer, parts: Partial<Wish> = {}) {
  const wish = { ...READY_RENDITIONS, look: null, focus: null, ...parts }
  return (await makeRenditions(original, wish, { maxPixels: 1e8 })).renditions
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
