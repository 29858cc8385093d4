import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { RENDITION_FORMAT_NAMES } from '../src/photo/recipe.ts'
import { makeRenditions } from '../workers/renditions/make-renditions.ts'
import { tiffOf } from '../workers/renditions/tiff.ts'
import { colorDifference, labOf } from './support/color-difference.ts'
import { ADOBE_RGB, cmykProfile, greyProfile, labD50, PROPHOTO, rgbProfile } from './support/icc-profile.ts'

/** White, skin, sky, leaves, flowers, greys and black, all of which sRGB has. */
const PATCHES = [
  [255, 255, 255],
  [194, 150, 130],
  [98, 122, 157],
  [87, 108, 67],
  [133, 128, 177],
  [103, 189, 170],
  [214, 126, 44],
  [193, 90, 99],
  [94, 60, 108],
  [231, 199, 31],
  [175, 54, 60],
  [115, 82, 68],
  [160, 160, 160],
  [30, 40, 60],
  [52, 52, 52],
  [0, 0, 0],
] as const
const GREYS = PATCHES.map(([red]) => [red, red, red])
const COLUMNS = 4
const SIDE = 64

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

const FINE = { quality: 100, chromaSubsampling: '4:4:4' } as const

function draw(patches: readonly (readonly number[])[]): Sharp {
  const { data, width, height } = layOut(patches, 3)
  return sharp(data, { raw: { width, height, channels: 3 } })
}

function layOut<Channels extends number>(patches: readonly (readonly number[])[], channels: Channels) {
  const [width, height] = [COLUMNS * SIDE, (patches.length / COLUMNS) * SIDE]
  const data = Buffer.alloc(width * height * channels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set(
        patches[Math.floor(y / SIDE) * COLUMNS + Math.floor(x / SIDE)] ?? [],
        (y * width + x) * channels,
      )
    }
  }
  return { data, width, height, channels }
}

/** An RGBA file whose header is told that its four channels are inks. */
function cmykTiff(inks: readonly (readonly number[])[], profile: Buffer): Buffer {
  const bytes = tiffOf(layOut(inks, 4), profile)
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

/** sharp takes a profile from a file. */
async function inProfile(patches: Sharp, profile: Buffer, format: 'jpeg' | 'png' | 'tiff'): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  try {
    const path = join(folder, 'profile.icc')
    await writeFile(path, profile)
    return await patches
      .withIccProfile(path)
      .toFormat(format, format === 'jpeg' ? FINE : {})
      .toBuffer()
  } finally {
    await rm(folder, { recursive: true })
  }
}

function hex([red = 0, green = 0, blue = 0]: readonly number[] | Uint8Array): number {
  return (red << 16) | (green << 8) | blue
}

async function expectPatches(original: Buffer, patches: readonly (readonly number[])[]): Promise<void> {
  const wish = {
    look: null,
    focus: null,
    presets: ['small', 'full'],
    formats: RENDITION_FORMAT_NAMES,
  } as const
  const { renditions } = await makeRenditions(original, wish, { maxPixels: 1e8 })

  for (const { body, width } of renditions) {
    const { data, info } = await sharp(body).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const side = width / COLUMNS
    const differences = patches.map((patch, i) => {
      const [x, y] = [(i % COLUMNS) + 0.5, Math.floor(i / COLUMNS) + 0.5].map((at) => Math.floor(at * side))
      const start = ((y as number) * info.width + (x as number)) * info.channels
      return colorDifference(labOf(hex(patch)), labOf(hex(data.subarray(start, start + 3))))
    })
    expect(Math.max(...differences)).toBeLessThan(2)
  }
}
