import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { candidateFor, ENGINES } from '../../console/src/photo/candidate.ts'

const WIDTHS = [320, 640, 1080, 1600]

describe('the rendition that a browser takes from srcset', () => {
  test.each([
    // A phone of 390 at 3x wants 1170 pixels: 1080 are nearer than 1600.
    { slot: 390, pixelRatio: 3, webkit: 1080, gecko: 1600 },
    { slot: 360, pixelRatio: 3, webkit: 1080, gecko: 1080 },
    { slot: 390, pixelRatio: 2, webkit: 640, gecko: 1080 },
    { slot: 430, pixelRatio: 2, webkit: 1080, gecko: 1080 },
    { slot: 129, pixelRatio: 3, webkit: 320, gecko: 640 },
    // At 1x nobody takes less than there is room for.
    { slot: 330, pixelRatio: 1, webkit: 640, gecko: 640 },
    { slot: 2560, pixelRatio: 2, webkit: 1600, gecko: 1600 },
  ])('$slot pixels at $pixelRatio: $webkit, in Firefox $gecko', ({ slot, pixelRatio, webkit, gecko }) => {
    expect(candidateFor(WIDTHS, { slot, pixelRatio, engine: 'webkit' })).toBe(webkit)
    expect(candidateFor(WIDTHS, { slot, pixelRatio, engine: 'gecko' })).toBe(gecko)
  })

  test('is never narrower on a screen with more pixels, nor wider than the narrowest that is enough', () => {
    const widths = fc
      .uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 8 })
      .map((all) => all.toSorted((a, b) => a - b))
    const property = fc.property(
      widths,
      fc.integer({ min: 1, max: 3000 }),
      fc.double({ min: 1.01, max: 4, noNaN: true }),
      fc.constantFrom(...ENGINES),
      (all, slot, pixelRatio, engine) => {
        const taken = candidateFor(all, { slot, pixelRatio, engine })
        const enough = all.find((width) => width / slot >= pixelRatio) ?? (all.at(-1) as number)
        expect(taken).toBeLessThanOrEqual(enough)
        if (engine === 'gecko') expect(taken).toBe(enough)
        expect(candidateFor(all, { slot, pixelRatio: pixelRatio * 1.5, engine })).toBeGreaterThanOrEqual(
          taken,
        )
      },
    )
    fc.assert(property)
  })
})
