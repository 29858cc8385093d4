import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Coded, codedOf, itemsFile, nclx, pictureItem } from '../fixtures/heif-file.ts'
import { PATCHES } from '../fixtures/patches.ts'
import { colorDifference, labOf } from '../workers/renditions/color/color-difference.ts'
import { codeColor } from './support/color-coding.ts'
import { BT2020, deepPng, draw, expectPatches, hex, P3, SRGB, valuesOf } from './support/color-patches.ts'
import { fixture } from './support/pictures.ts'
import { hundredThousandths, withChunks } from './support/png-chunks.ts'

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
