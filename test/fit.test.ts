import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cropAround, renditionSize, type Size, scaledFor } from '../src/photo/fit.ts'
import type { Box } from '../src/photo/presets.ts'
import { builtInPresets } from '../src/presets/built-in-presets.ts'
import { presetCalled } from './support/wish.ts'

const side = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 20_000 }))
const photos = fc.record({ width: side, height: side })
const boxes = fc.record({
  width: fc.integer({ min: 1, max: 3000 }),
  height: fc.integer({ min: 1, max: 3000 }),
})
const presets = fc.record({
  width: fc.integer({ min: 1, max: 3000 }),
  height: fc.integer({ min: 1, max: 3000 }),
  fit: fc.constantFrom<Box['fit']>('inside', 'cover'),
})
const part = fc.double({ min: 0, max: 1, noNaN: true })
const focuses = fc.record({ x: part, y: part })

describe('the size of a rendition', () => {
  test.each([
    [{ width: 4032, height: 3024 }, 'feed', { width: 1080, height: 810 }],
    [{ width: 3024, height: 4032 }, 'feed', { width: 1080, height: 1440 }],
    [{ width: 3024, height: 4032 }, 'small', { width: 320, height: 427 }],
    [{ width: 4032, height: 3024 }, 'full', { width: 2048, height: 1536 }],
    [{ width: 3024, height: 4032 }, 'full', { width: 1536, height: 2048 }],
    [{ width: 16_000, height: 4000 }, 'full', { width: 3547, height: 887 }],
    [{ width: 1080, height: 2340 }, 'feed', { width: 1080, height: 2340 }],
    [{ width: 1080, height: 2340 }, 'full', { width: 1080, height: 2340 }],
    [{ width: 1080, height: 20_000 }, 'small', { width: 320, height: 5926 }],
    [{ width: 1080, height: 20_000 }, 'feed', { width: 640, height: 11_852 }],
    [{ width: 1080, height: 20_000 }, 'full', { width: 1080, height: 20_000 }],
    [{ width: 500, height: 400 }, 'feed', { width: 500, height: 400 }],
    [{ width: 65_535, height: 1 }, 'small', { width: 320, height: 1 }],
    [{ width: 4032, height: 3024 }, 'thumb', { width: 480, height: 480 }],
    [{ width: 100, height: 80 }, 'thumb', { width: 80, height: 80 }],
    [{ width: 1000, height: 100 }, 'thumb', { width: 100, height: 100 }],
    [{ width: 1, height: 1 }, 'thumb', { width: 1, height: 1 }],
  ] as const)('of %o as %s is %o', (photo, preset, expected) => {
    const size = renditionSize(photo, presetCalled(preset))

    expect(size).toEqual(expected)
  })

  test('is whole pixels, at least one, within the box and never more than the photo has', () => {
    fc.assert(
      fc.property(photos, presets, (photo, preset) => {
        const size = renditionSize(photo, preset)

        expect(isWhole(size)).toBe(true)
        expect(isWithin(size, preset)).toBe(true)
        expect(isWithin(size, photo)).toBe(true)
        expect(isWithin(size, scaledFor(photo, preset))).toBe(true)
      }),
    )
  })

  test('touches the box with at least one side of a photo that is larger', () => {
    fc.assert(
      fc.property(photos, presets, (photo, preset) => {
        fc.pre(photo.width >= preset.width && photo.height >= preset.height)

        const { width, height } = renditionSize(photo, preset)

        const touches = [width === preset.width, height === preset.height]
        expect(preset.fit === 'cover' ? touches.every(Boolean) : touches.some(Boolean)).toBe(true)
      }),
    )
  })

  test('of one that is laid out by width is as wide as the preset or the photo, up to the largest rendition there is', () => {
    fc.assert(
      fc.property(photos, fc.integer({ min: 1, max: 3000 }), (photo, width) => {
        const wanted = Math.min(width, photo.width)
        fc.pre(wanted ** 2 * (photo.height / photo.width) <= 25_000_000)

        expect(renditionSize(photo, { fit: 'inside', width }).width).toBe(wanted)
      }),
    )
  })

  test('keeps to the area that is asked for, but for what is written on a tall picture', () => {
    const bounds = fc.record({
      area: fc.integer({ min: 1, max: 4_000_000 }),
      minWidth: fc.integer({ min: 1, max: 1080 }),
    })
    fc.assert(
      fc.property(photos, bounds, (photo, { area, minWidth }) => {
        const size = renditionSize(photo, { fit: 'inside', area, minWidth })

        const isLegible = size.width <= Math.min(minWidth, photo.width)
        // Whole pixels may be half a pixel more a side, and a side is one at least.
        const isLine = size.width === 1 || size.height === 1
        expect(isLegible || isLine || (size.width - 0.5) * (size.height - 0.5) <= area).toBe(true)
      }),
    )
  })

  test('is one that JPEG can have and a worker can hold, of the largest photos too', () => {
    const extreme = fc.record({
      width: fc.integer({ min: 1, max: 1_000_000 }),
      height: fc.integer({ min: 1, max: 1_000_000 }),
    })
    fc.assert(
      fc.property(extreme, fc.constantFrom(...builtInPresets()), (photo, preset) => {
        const { width, height } = renditionSize(photo, preset)

        expect(Math.max(width, height)).toBeLessThanOrEqual(65_500)
        expect((width - 0.5) * (height - 0.5)).toBeLessThanOrEqual(25_000_000)
      }),
    )
  })

  test('keeps the aspect to within half a pixel', () => {
    fc.assert(
      fc.property(photos, boxes, (photo, box) => {
        const { width, height } = renditionSize(photo, { ...box, fit: 'inside' })

        const scale = Math.min(1, box.width / photo.width, box.height / photo.height)
        expect(Math.abs(width - Math.max(1, photo.width * scale))).toBeLessThanOrEqual(0.5)
        expect(Math.abs(height - Math.max(1, photo.height * scale))).toBeLessThanOrEqual(0.5)
      }),
    )
  })

  test('shrinks with the preset, so that a smaller picture can be made from a larger one', () => {
    const anyPreset = fc.oneof(presets, fc.constantFrom<Box>(...builtInPresets()))
    fc.assert(
      fc.property(photos, anyPreset, anyPreset, (photo, one, other) => {
        const [a, b] = [scaledFor(photo, one), scaledFor(photo, other)]

        expect(isWithin(a, b) || isWithin(b, a)).toBe(true)
      }),
    )
  })
})

describe('the crop around a focus', () => {
  test('lies within the picture and touches two of its opposite edges', () => {
    fc.assert(
      fc.property(photos, boxes, focuses, (picture, aspect, focus) => {
        const crop = cropAround(focus, picture, aspect)

        expect(isWhole(crop)).toBe(true)
        expect(Math.min(crop.left, crop.top)).toBeGreaterThanOrEqual(0)
        expect(crop.left + crop.width).toBeLessThanOrEqual(picture.width)
        expect(crop.top + crop.height).toBeLessThanOrEqual(picture.height)
        expect(crop.width === picture.width || crop.height === picture.height).toBe(true)
      }),
    )
  })

  test('keeps the focus in sight', () => {
    fc.assert(
      fc.property(photos, boxes, focuses, (picture, aspect, focus) => {
        const crop = cropAround(focus, picture, aspect)

        const [x, y] = [focus.x * picture.width - crop.left, focus.y * picture.height - crop.top]
        expect(x).toBeGreaterThanOrEqual(-0.5)
        expect(x).toBeLessThanOrEqual(crop.width + 0.5)
        expect(y).toBeGreaterThanOrEqual(-0.5)
        expect(y).toBeLessThanOrEqual(crop.height + 0.5)
      }),
    )
  })

  test('is centred on a focus that is far from the edges', () => {
    const crop = cropAround({ x: 0.6, y: 0.5 }, { width: 1000, height: 200 }, { width: 1, height: 1 })

    expect(crop).toEqual({ left: 500, top: 0, width: 200, height: 200 })
  })
})

function isWhole({ width, height }: Size): boolean {
  return Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1
}

function isWithin(inner: Size, outer: Size): boolean {
  return inner.width <= outer.width && inner.height <= outer.height
}
