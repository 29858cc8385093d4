import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CoverBox, cropFrom, cropStyle, isWhole, partOf } from '../../console/src/photo/crop.ts'
import { cropAround, renditionSize, scaledFor } from '../../src/photo/fit.ts'

const THUMB: CoverBox = { fit: 'cover', width: 480, height: 480 }
const INSIDE = [320, 640, 1080].map((width) => ({ fit: 'inside' as const, width }))

const pixels = fc.integer({ min: 1, max: 9_000 })
const photo = fc.record({ width: pixels, height: pixels })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const focus = fc.record({ x: share, y: share })

describe('the crop that is shown before the server has made it', () => {
  test('is cut from the picture that the server cuts it from, and where the server cuts', () => {
    const photo = { width: 2725, height: 2225 }
    const pictures = INSIDE.map((box) => scaledFor(photo, box))
    const focus = { x: 0.9, y: 0.4 }

    const preview = cropFrom(focus, photo, THUMB, pictures)

    // 588 × 480 is what it needs: 640 is the next one.
    expect(preview?.from).toEqual({ width: 640, height: 523 })
    expect(preview?.crop).toEqual(cropAround(focus, { width: 640, height: 523 }, THUMB))
    expect(preview?.size).toEqual({ width: 480, height: 480 })
  })

  test('lies within its picture, and its style shows that part alone', () => {
    fc.assert(
      fc.property(focus, photo, (at, size) => {
        const pictures = INSIDE.map((box) => scaledFor(size, box))
        const preview = cropFrom(at, size, THUMB, pictures)
        if (!preview) throw new Error('There is a picture.')
        const { crop, from } = preview
        expect(crop.left + crop.width).toBeLessThanOrEqual(from.width)
        expect(crop.top + crop.height).toBeLessThanOrEqual(from.height)
        const style = cropStyle(crop, from)
        const box = { width: 1000, height: 1000 * (crop.height / crop.width) }
        const width = (Number.parseFloat(style.width) / 100) * box.width
        expect((-Number.parseFloat(style.left) / 100) * box.width).toBeCloseTo(
          (crop.left / from.width) * width,
        )
      }),
    )
  })

  test('shows of the photo what the loupe takes it to show', () => {
    const photo = { width: 1600, height: 1200 }

    expect(partOf({ x: 0, y: 0.5 }, photo, THUMB)).toEqual({ left: 0, top: 0, width: 0.75, height: 1 })
    expect(partOf({ x: 1, y: 0.5 }, photo, THUMB)).toEqual({ left: 0.25, top: 0, width: 0.75, height: 1 })
  })

  test('there is none before there is a picture', () => {
    expect(cropFrom({ x: 0.5, y: 0.5 }, { width: 10, height: 10 }, THUMB, [])).toBeNull()
  })
})

test('a rendition that a preset fits inside shows the whole photo, one that it crops does not', () => {
  fc.assert(
    fc.property(photo, fc.constantFrom(...INSIDE), (size, box) => {
      expect(isWhole(renditionSize(size, box), size)).toBe(true)
    }),
  )
  expect(isWhole(renditionSize({ width: 1600, height: 1200 }, THUMB), { width: 1600, height: 1200 })).toBe(
    false,
  )
})
