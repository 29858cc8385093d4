import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { box, codedOf, itemsFile, pictureItem, text, u32 } from '../fixtures/heif-file.ts'
import { layOut, PATCHES } from '../fixtures/patches.ts'
import { codeColor, pq } from './support/color-coding.ts'
import { BT2020, deepPng, expectPatches, in16Bits, valuesOf } from './support/color-patches.ts'
import { withChunks } from './support/png-chunks.ts'

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
