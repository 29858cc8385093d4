import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { effectsAt, NO_EFFECTS } from '../src/photo/look/effects.ts'
import { applyEffectsPlainly } from '../src/photo/look/plain-effects.ts'
import { applyEffects } from '../workers/renditions/look/apply-effects.ts'
import type { Pixels } from '../workers/renditions/pixels.ts'
import { scaleTo } from '../workers/renditions/scale.ts'

const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
const effects = fc.record({ vignette: share, grain: share })
const side = fc.integer({ min: 1, max: 40 })
const pictures = fc
  .record({ width: side, height: side, channels: fc.constantFrom(3 as const, 4 as const), seed: fc.nat() })
  .map(noise)

describe('vignette and grain', () => {
  test('are on vectors what they are without, to the bit', () => {
    fc.assert(
      fc.property(pictures, effects, (picture, given) => {
        const [fast, plain] = [copyOf(picture), copyOf(picture)]

        applyEffects(fast, given)
        applyEffectsPlainly(plain, given)

        expect(fast.data.equals(plain.data)).toBe(true)
      }),
    )
  })

  test.each([
    [65_500, 1],
    [1, 5_000],
    [1080, 721],
  ])('are on vectors what they are without in a picture of %i × %i', (width, height) => {
    const fast = noise({ width, height, channels: 3, seed: 7 })
    const plain = copyOf(fast)

    applyEffects(fast, { vignette: 0.7, grain: 0.3 })
    applyEffectsPlainly(plain, { vignette: 0.7, grain: 0.3 })

    expect(fast.data.equals(plain.data)).toBe(true)
  })

  test('of nothing leave every pixel as it is, and of anything its alpha', () => {
    fc.assert(
      fc.property(pictures, effects, (picture, given) => {
        const [same, other] = [copyOf(picture), copyOf(picture)]

        applyEffects(same, NO_EFFECTS)
        applyEffects(other, given)

        expect(same.data.equals(picture.data)).toBe(true)
        if (picture.channels === 3) return
        for (let i = 3; i < other.data.length; i += 4) expect(other.data[i]).toBe(picture.data[i])
      }),
      { numRuns: 30 },
    )
  })
})

describe('a vignette', () => {
  test('darkens as its formula says: corners by all of it, the middle of a side by a quarter, the middle not at all', () => {
    for (const size of [
      { width: 1080, height: 720 },
      { width: 301, height: 2000 },
    ]) {
      const picture = greyOf(200, size)

      applyEffects(picture, { vignette: 0.5, grain: 0 })

      const [right, bottom] = [size.width - 1, size.height - 1]
      expect([levelAt(picture, 0, 0), levelAt(picture, right, bottom)]).toEqual([100, 100].map(near))
      expect([levelAt(picture, right >> 1, 0), levelAt(picture, 0, bottom >> 1)]).toEqual(
        [175, 175].map(near),
      )
      expect(levelAt(picture, right >> 1, bottom >> 1)).toBe(200)
    }
  })

  test('never brightens, is darker further out, and alike on all four sides', () => {
    const size = { width: 90, height: 61 }
    fc.assert(
      fc.property(fc.nat(255), share, (level, vignette) => {
        const picture = greyOf(level, size)

        applyEffects(picture, { vignette, grain: 0 })

        for (let x = 0; x < 44; x++) {
          expect(levelAt(picture, x, 7)).toBeLessThanOrEqual(levelAt(picture, x + 1, 7))
          expect(levelAt(picture, x, 7)).toBe(levelAt(picture, 89 - x, 7))
          expect(levelAt(picture, x, 7)).toBe(levelAt(picture, x, 53))
        }
        expect(Math.max(...picture.data)).toBeLessThanOrEqual(level)
      }),
    )
  })
})

describe('grain', () => {
  test('is the same in every size of a picture', async () => {
    const large = greyOf(128, { width: 2172, height: 1448 })
    applyEffects(large, { vignette: 0, grain: 0.2 })

    for (const { size, likeness } of [
      { size: { width: 1080, height: 720 }, likeness: 0.99 },
      { size: { width: 640, height: 427 }, likeness: 0.94 },
    ]) {
      const scaled = await scaleTo(copyOf(large), size)
      const own = greyOf(128, size)
      applyEffects(own, { vignette: 0, grain: 0.2 })

      expect(correlationOf(scaled, own)).toBeGreaterThan(likeness)
    }
  })

  test.each([640, 320, 160, 80])(
    'averages out at %i pixels as it does when a larger picture is scaled',
    async (width) => {
      const large = greyOf(128, { width: 2172, height: 1448 })
      const own = greyOf(128, { width, height: Math.round((width * 2) / 3) })
      for (const picture of [large, own]) applyEffects(picture, { vignette: 0, grain: 0.4 })

      const ratio = spreadOf(own) / spreadOf(await scaleTo(large, own))

      expect(ratio).toBeGreaterThan(0.85)
      expect(ratio).toBeLessThan(1.2)
    },
  )

  test('neither brightens a picture nor darkens it, and leaves black black and white white', () => {
    for (const [level, most] of [
      [0, 0],
      [255, 0],
      [20, 3],
      [235, 3],
      [128, 9],
    ] as const) {
      const picture = greyOf(level, { width: 900, height: 600 })

      applyEffects(picture, { vignette: 0, grain: 0.1 })

      expect(Math.abs(meanOf(picture) - level)).toBeLessThan(0.2)
      expect(spreadOf(picture)).toBeLessThanOrEqual(most)
      expect(spreadOf(picture)).toBeGreaterThanOrEqual(most / 3)
    }
  })

  test('has no colour', () => {
    const picture = greyOf(128, { width: 300, height: 200 })

    applyEffects(picture, { vignette: 0.3, grain: 0.3 })

    for (let i = 0; i < picture.data.length; i += 3)
      expect(picture.data[i] === picture.data[i + 1] && picture.data[i] === picture.data[i + 2]).toBe(true)
  })

  test('shows no lattice: no row or column of it is rougher than others', () => {
    const size = { width: 1080, height: 720 }
    const picture = greyOf(128, size)
    applyEffects(picture, { vignette: 0, grain: 0.3 })

    // A cell is one and a half pixels: what repeats every three would show.
    const spreads = [0, 1, 2].flatMap((phase) => [
      spreadOf(thinned(picture, (x) => x % 3 === phase)),
      spreadOf(thinned(picture, (_, y) => y % 3 === phase)),
    ])
    expect(Math.max(...spreads) / Math.min(...spreads)).toBeLessThan(1.1)
  })
})

test('strength is the share of both that there is', () => {
  expect(effectsAt({ vignette: 0.4, grain: 0.1 }, 0.5)).toEqual({ vignette: 0.2, grain: 0.05 })
  expect(effectsAt({ vignette: 0.4, grain: 0.1 }, 0)).toEqual(NO_EFFECTS)
})

function near(level: number) {
  return expect.closeTo(level, -0.5)
}

function noise({ seed, ...size }: Omit<Pixels, 'data'> & { seed: number }): Pixels {
  const data = Buffer.alloc(size.width * size.height * size.channels)
  for (let i = 0; i < data.length; i++) data[i] = (seed + i * i * 31 + i) >>> 3
  return { ...size, data }
}

function copyOf(picture: Pixels): Pixels {
  return { ...picture, data: Buffer.from(picture.data) }
}

function greyOf(level: number, size: { width: number; height: number }): Pixels {
  return { ...size, data: Buffer.alloc(size.width * size.height * 3, level), channels: 3 }
}

function levelAt({ data, width, channels }: Pixels, x: number, y: number): number {
  return data[(y * width + x) * channels] as number
}

/** Of one channel of greys. */
function levelsOf({ data, channels }: Pixels): Uint8Array {
  return Uint8Array.from({ length: data.length / channels }, (_, i) => data[i * channels] as number)
}

function thinned({ width, ...picture }: Pixels, isKept: (x: number, y: number) => boolean): Pixels {
  const levels = levelsOf({ width, ...picture }).filter((_, i) => isKept(i % width, Math.floor(i / width)))
  return {
    data: Buffer.from(Array.from(levels).flatMap((level) => [level, level, level])),
    width,
    height: 1,
    channels: 3,
  }
}

function meanOf(picture: Pixels): number {
  const levels = levelsOf(picture)
  return levels.reduce((sum, level) => sum + level, 0) / levels.length
}

/** The standard deviation. */
function spreadOf(picture: Pixels): number {
  const mean = meanOf(picture)
  const levels = levelsOf(picture)
  return Math.sqrt(levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length)
}

function correlationOf(one: Pixels, other: Pixels): number {
  const [a, b] = [levelsOf(one), levelsOf(other)]
  const [meanA, meanB] = [meanOf(one), meanOf(other)]
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - meanA) * ((b[i] as number) - meanB)
  return sum / a.length / (spreadOf(one) * spreadOf(other))
}
