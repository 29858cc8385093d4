import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { box, type Coded, codedOf, itemsFile, nclx, pictureItem, text, u32 } from '../fixtures/heif-file.ts'
import { COLUMNS, layOut, PATCHES } from '../fixtures/patches.ts'
import { RENDITION_FORMAT_NAMES } from '../src/photo/rendition-formats.ts'
import { tiffOf } from '../workers/renditions/tiff.ts'
import { codeColor, pq } from './support/color-coding.ts'
import { colorDifference, labOf } from './support/color-difference.ts'
import { ADOBE_RGB, cmykProfile, greyProfile, labD50, PROPHOTO, rgbProfile } from './support/icc-profile.ts'
import { fixture } from './support/pictures.ts'
import { hundredThousandths, withChunks } from './support/png-chunks.ts'
import { makeRenditions } from './support/renditions.ts'
import { wish } from './support/wish.ts'

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

const [P3, BT2020, SRGB] = [12, 9, 13]
const CHROMATICITIES = {
  srgb: hundredThousandths(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
  p3: hundredThousandths(0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}

describe('colours come out as they were meant: of a photo whose colour space is named by numbers', () => {
  test.each([
    ['BT.709', 1, 1],
    ['BT.601 for 625 lines, gamma 2.8', 5, 5],
    ['BT.601 for 525 lines', 6, 6],
    ['SMPTE 240M', 6, 7],
    ['gamma 2.2', 1, 4],
    ['linear light', 1, 8],
    ['Display P3', P3, SRGB],
    ['P3 that leaves its curve open', P3, 2],
    ['sRGB that leaves its primaries open', 2, SRGB],
    ['BT.2020', BT2020, 14],
    ['BT.2020 in 12 bits', BT2020, 15],
    ['BT.2020 with the curve of sRGB', BT2020, SRGB],
    ['PQ', BT2020, 16],
    ['PQ in P3', P3, 16],
    ['HLG', BT2020, 18],
  ])('%s, as cICP in PNG', async (_name, primaries, transfer) => {
    const coded = PATCHES.map((patch) => codeColor(patch, primaries, transfer))
    const original = withChunks(await deepPng(coded), { cICP: [primaries, transfer, 0, 1] })

    await expectPatches(original, PATCHES)
  })

  test('narrow range, as cICP in PNG', async () => {
    const coded = PATCHES.map((patch) => codeColor(patch, P3, SRGB).map((value) => (16 + 219 * value) / 255))
    const original = withChunks(await deepPng(coded), { cICP: [P3, SRGB, 0, 0] })

    await expectPatches(original, PATCHES)
  })

  test.each([
    ['Display P3', P3, SRGB],
    ['BT.2020 with the curve of sRGB', BT2020, SRGB],
    ['BT.709', 1, 1],
    ['HLG', BT2020, 18],
  ])('%s, as nclx in AVIF', async (_name, primaries, transfer) => {
    const coded = await png8(PATCHES.map((patch) => codeColor(patch, primaries, transfer)))
    const avif = await sharp(coded).avif({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()
    const original = itemsFile('avif', [pictureItem(codedOf(avif), [256, 256], nclx(primaries, transfer, 6))])

    await expectPatches(original, PATCHES)
  })

  test.each([
    ['Display P3', P3, SRGB],
    ['BT.2020 with the curve of sRGB', BT2020, SRGB],
    ['BT.709', 1, 1],
  ])('%s, which an AVIF names in its AV1 alone', async (_name, primaries, transfer) => {
    const coded = await png8(PATCHES.map((patch) => codeColor(patch, primaries, transfer)))
    const avif = await sharp(coded).avif({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()
    const stream = naming(primaries, transfer, codedOf(avif))
    const original = itemsFile('avif', [pictureItem(stream, [256, 256])])
    expect(original.includes('nclx')).toBe(false)

    await expectPatches(original, PATCHES)
  })

  test('Display P3, as nclx in HEIC', async () => {
    const { codec, ...picture } = codedOf(await fixture('photo.heic'))
    const named = (primaries: number) =>
      itemsFile('heic', [pictureItem({ codec, ...picture }, [160, 120], nclx(primaries, SRGB, 6))])

    const [usual, wide] = [await valuesOf(named(1), 1), await valuesOf(named(P3), 1)].map(
      ([middle]) => middle as number[],
    ) as [number[], number[]]

    const wanted = codeColor(wide, P3, SRGB).map((value) => value * 255)
    expect(colorDifference(labOf(hex(usual)), labOf(hex(wanted.map(Math.round))))).toBeLessThan(1.5)
    expect(colorDifference(labOf(hex(usual)), labOf(hex(wide)))).toBeGreaterThan(1)
  })

  test('PQ, as nclx in HEIC of 10 bits', async () => {
    await expectPatches(await fixture('pq.heic'), PATCHES)
  })
})

describe('colours come out as they were meant: of a PNG', () => {
  const linear = PATCHES.map((patch) => codeColor(patch, 1, 8))
  const inP3 = PATCHES.map((patch) => codeColor(patch, P3, SRGB))
  const gamma22 = hundredThousandths(1 / 2.2)

  test.each([
    ['in linear light, by gAMA', linear, { gAMA: hundredThousandths(1) }],
    [
      'in P3 with gamma 1.8, by gAMA and cHRM',
      coded18(),
      { gAMA: hundredThousandths(1 / 1.8), cHRM: CHROMATICITIES.p3 },
    ],
    ['in P3, by cHRM alone', inP3, { cHRM: CHROMATICITIES.p3 }],
    ['in sRGB, as gAMA and cHRM tell it', plain(), { gAMA: gamma22, cHRM: CHROMATICITIES.srgb }],
    ['in sRGB, which counts more than gAMA', plain(), { sRGB: [0], gAMA: hundredThousandths(1) }],
    ['in P3, by cICP, which counts more than sRGB', inP3, { cICP: [P3, SRGB, 0, 1], sRGB: [0] }],
  ])('%s', async (_name, coded, chunks) => {
    await expectPatches(withChunks(await deepPng(coded), chunks), PATCHES)
  })

  test('with a profile, which counts more than gAMA', async () => {
    const inProfile = await draw(PATCHES).withIccProfile('p3').png().toBuffer()
    const end = inProfile.indexOf('iCCP') - 4
    const gamma = withChunks(await draw(PATCHES).png().toBuffer(), { gAMA: hundredThousandths(1) })
    const chunk = gamma.subarray(33, 33 + 16)

    await expectPatches(Buffer.concat([inProfile.subarray(0, end), chunk, inProfile.subarray(end)]), PATCHES)
  })

  function plain() {
    return PATCHES.map((patch) => codeColor(patch, 1, SRGB))
  }

  function coded18() {
    return PATCHES.map((patch) => codeColor(patch, P3, 8).map((light) => light ** (1 / 1.8)))
  }
})

describe('an HDR photo with highlights', () => {
  test('keeps all below its knee as it is, and its highlights apart', async () => {
    const levels = [10, 40, 80, 203, 280, 400, 600, 1000]
    const coded = levels.flatMap((level) => [pq(level), pq(level)]).map((value) => [value, value, value])
    const original = withChunks(await deepPng(coded), { cICP: [BT2020, 16, 0, 1] })

    const shown = await valuesOf(original, coded.length)

    const greys = levels.map((_, i) => shown[2 * i]?.[0] as number)
    for (const i of [0, 1, 2]) {
      expect(Math.abs((greys[i] as number) - linearToSrgb((levels[i] as number) / 203))).toBeLessThanOrEqual(
        2,
      )
    }
    const steps = greys.slice(1).map((grey, i) => grey - (greys[i] as number))
    expect(Math.min(...steps)).toBeGreaterThan(0)
    expect(greys[3]).toBeGreaterThan(215)
    expect(greys.at(-1)).toBeGreaterThanOrEqual(254)
  })

  test('is not dimmed by one bright pixel', async () => {
    const { data, ...raw } = layOut(
      [...PATCHES].map((patch) => codeColor(patch, BT2020, 16).map(in16Bits)),
      3,
    )
    data.set([60_000, 60_000, 60_000], 3 * 64)
    const png = await sharp(data, { raw }).toColourspace('rgb16').png().toBuffer()

    await expectPatches(withChunks(png, { cICP: [BT2020, 16, 0, 1] }), PATCHES)
  })

  function linearToSrgb(light: number): number {
    return 255 * (1.055 * light ** (1 / 2.4) - 0.055)
  }
})

describe('transparent parts', () => {
  test('come out as they are where an AVIF stores colours as they look before black', async () => {
    const flat = { width: 64, height: 64, channels: 3 } as const
    const color = await sharp(Buffer.alloc(64 * 64 * 3, Buffer.from([100, 50, 20])), { raw: flat })
      .avif({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer()
    const half = await sharp(Buffer.alloc(64 * 64 * 3, 128), { raw: flat })
      .avif({ quality: 100 })
      .toBuffer()
    const alpha = box('auxC', u32(0), text('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0'))
    const original = itemsFile('avif', [
      { ...pictureItem(codedOf(color), [64, 64]), references: { prem: [2] } },
      { ...pictureItem(codedOf(half), [64, 64], alpha), references: { auxl: [1] }, isHidden: true },
    ])

    const [shown = []] = await valuesOf(original, 1)

    expect(shown).toHaveLength(4)
    for (const [i, value] of [199, 100, 40, 128].entries()) {
      expect(Math.abs((shown[i] as number) - value)).toBeLessThanOrEqual(4)
    }
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
  const { data, ...raw } = layOut(patches, 3)
  return sharp(Uint8Array.from(data), { raw })
}

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

function in16Bits(value: number): number {
  return Math.min(Math.round(value * 65_535), 65_535)
}

/** Values from 0 to 1. */
async function deepPng(coded: readonly (readonly number[])[]): Promise<Buffer> {
  const { data, ...raw } = layOut(
    coded.map((values) => values.map(in16Bits)),
    3,
  )
  return await sharp(data, { raw }).toColourspace('rgb16').png().toBuffer()
}

/** The AV1 picture with these colours in its sequence header; sharp names sRGB's there, and BT.601's matrix. */
function naming(primaries: number, transfer: number, { data, ...coded }: Coded): Coded {
  const bits = (bytes: readonly number[] | Buffer) =>
    Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const [head, rest] = [bits(data.subarray(0, 16)), data.subarray(16)]
  const named = head.replace(bits([1, SRGB, 6]), bits([primaries, transfer, 6]))
  if (named === head) throw new Error('sharp writes its sequence header otherwise.')
  const bytes = named.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []
  return { ...coded, data: Buffer.concat([Buffer.from(bytes), rest]) }
}

async function png8(coded: readonly (readonly number[])[]): Promise<Buffer> {
  return await draw(coded.map((values) => values.map((value) => Math.min(Math.round(value * 255), 255))))
    .png()
    .toBuffer()
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

/** The values in the middle of each patch, of the largest WebP. */
async function valuesOf(original: Buffer, count: number): Promise<number[][]> {
  const wanted = wish({ presets: ['full'], formats: ['webp'] })
  const { renditions } = await makeRenditions(original, wanted, { maxPixels: 1e8 })
  const { data, info } = await sharp(renditions[0]?.body).raw().toBuffer({ resolveWithObject: true })
  const columns = Math.min(count, COLUMNS)
  const side = info.width / columns
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [
      Math.floor(((i % columns) + 0.5) * side),
      Math.floor((Math.floor(i / columns) + 0.5) * side),
    ]
    const start = (y * info.width + x) * info.channels
    return [...data.subarray(start, start + info.channels)]
  })
}

async function expectPatches(original: Buffer, patches: readonly (readonly number[])[]): Promise<void> {
  const wanted = wish({
    presets: ['small', 'full'],
    formats: RENDITION_FORMAT_NAMES,
  })
  const { renditions } = await makeRenditions(original, wanted, { maxPixels: 1e8 })

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
