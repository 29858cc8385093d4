import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { layOut, PATCHES } from '../fixtures/patches.ts'
import { colorDifference } from '../workers/renditions/color/color-difference.ts'
import { tiffOf } from '../workers/renditions/tiff/tiff.ts'
import { draw, expectPatches, FINE, inProfile } from './support/color-patches.ts'
import { ADOBE_RGB, cmykProfile, greyProfile, labD50, PROPHOTO, rgbProfile } from './support/icc-profile.ts'

const GREYS = PATCHES.map(([red]) => [red, red, red])

describe('colours come out as they were meant: of a photo', () => {
  test.each<[string, (patches: Sharp) => Promise<Buffer>]>([
    ['in sRGB without a profile', (patches) => patches.png().toBuffer()],
    ['in sRGB with its profile', (patches) => patches.withIccProfile('srgb').jpeg(FINE).toBuffer()],
    ['in Display P3, JPEG', (patches) => patches.withIccProfile('p3').jpeg(FINE).toBuffer()],
    ['in Display P3, PNG', (patches) => patches.withIccProfile('p3').png().toBuffer()],
    ['in Display P3, WebP', (patches) => patches.withIccProfile('p3').webp({ lossless: true }).toBuffer()],
    ['in Display P3, AVIF', (patches) => patches.withIccProfile('p3').avif({ quality: 90 }).toBuffer()],
    ['in Display P3, 16 bits', (patches) => deep(patches).withIccProfile('p3').png().toBuffer()],
    ['in Display P3 with alpha', (patches) => patches.ensureAlpha(1).withIccProfile('p3').png().toBuffer()],
    ['in Adobe RGB, JPEG', (patches) => inProfile(patches, rgbProfile('Adobe RGB', ADOBE_RGB), 'jpeg')],
    ['in Adobe RGB, TIFF', (patches) => inProfile(patches, rgbProfile('Adobe RGB', ADOBE_RGB), 'tiff')],
    ['in ProPhoto, 16 bits', (patches) => inProfile(deep(patches), rgbProfile('ProPhoto', PROPHOTO), 'png')],
    ['in 16 bits without a profile', (patches) => deep(patches).png().toBuffer()],
  ])('%s', async (_name, write) => {
    const original = await write(draw(PATCHES))

    await expectPatches(original, PATCHES)
  })

  test.each<[string, (patches: Sharp) => Promise<Buffer>]>([
    ['in grey without a profile', (patches) => patches.toColourspace('b-w').png().toBuffer()],
    ['in 16-bit grey', (patches) => patches.toColourspace('grey16').png().toBuffer()],
    ...[1, 1.8, 2.2].map((gamma): [string, (patches: Sharp) => Promise<Buffer>] => [
      `in 16-bit grey with a profile of its own, gamma ${gamma}`,
      (patches) => inProfile(patches.toColourspace('grey16'), greyProfile('Grey', gamma), 'png'),
    ]),
    [
      'in grey with a profile of its own',
      (patches) => inProfile(patches.toColourspace('b-w'), greyProfile('Gray Gamma 1.8', 1.8), 'jpeg'),
    ],
  ])('%s', async (_name, write) => {
    const original = await write(draw(GREYS))

    await expectPatches(original, GREYS)
  })
})

/**
 * Each patch is one of the 16 ways to lay four inks over one another, of which only the profile knows the colour.
 * No ink is white and all of them black, because littleCMS takes that for granted.
 */
describe('colours come out as the profile of their inks says: of a photo in CMYK', () => {
  const inks = PATCHES.map((_, i) => [8, 4, 2, 1].map((ink) => (i & ink ? 255 : 0)))
  const profile = cmykProfile('Sixteen solids', PATCHES.map(labD50))

  test('as TIFF', async () => {
    await expectPatches(cmykTiff(inks, profile), PATCHES)
  })

  test('as JPEG, where inks are stored inverted', async () => {
    const original = await sharp(cmykTiff(inks, profile))
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .keepIccProfile()
      .jpeg(FINE)
      .toBuffer()

    expect(await sharp(original).metadata()).toMatchObject({ space: 'cmyk', hasProfile: true })
    await expectPatches(original, PATCHES)
  })
})

test('the measure of difference is CIEDE2000, by the pairs its authors give to check it with', () => {
  expect(colorDifference([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4)
  expect(colorDifference([50, -1, 2], [50, 0, 0])).toBeCloseTo(2.3669, 4)
  expect(colorDifference([50, 2.5, 0], [73, 25, -18])).toBeCloseTo(27.1492, 4)
  expect(colorDifference([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514])).toBeCloseTo(0.9082, 4)
})

/** An RGBA file whose header is told that its four channels are inks. */
function cmykTiff(inks: readonly (readonly number[])[], profile: Buffer): Buffer {
  const bytes = tiffOf({ ...layOut(inks, 4), data: Buffer.from(layOut(inks, 4).data) }, profile)
  const [rgb, cmyk] = [word(262, 3, 1, 2), word(262, 3, 1, 5)]
  const [extraSamples, inkSet] = [word(338, 3, 1, 2), word(332, 3, 1, 1)]
  bytes.set(cmyk, bytes.indexOf(rgb))
  bytes.set(inkSet, bytes.indexOf(extraSamples))
  return bytes
}

/** An entry of a TIFF directory. */
function word(tag: number, type: number, count: number, value: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16LE(tag)
  bytes.writeUInt16LE(type, 2)
  bytes.writeUInt32LE(count, 4)
  bytes.writeUInt32LE(value, 8)
  return bytes
}

function deep(patches: Sharp): Sharp {
  return patches.toColourspace('rgb16')
}
