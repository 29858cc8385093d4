import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dragged,
  heldIn,
  matchingScale,
  placeOf,
  type Shown,
  WHOLE,
} from '../../console/src/photo/loupe-geometry.ts'

const pixels = fc.integer({ min: 1, max: 20_000 })
const size = fc.record({ width: pixels, height: pixels })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const spot = fc.record({ x: share, y: share })
const pane = fc.record({
  width: fc.integer({ min: 50, max: 4000 }),
  height: fc.integer({ min: 50, max: 4000 }),
})
const scale = fc.constantFrom(1, 2, 4)

const whole = (size: { width: number; height: number }): Shown => ({ size, part: WHOLE })

/** Where a spot of the photo is on the pane. */
function onPane(shown: Shown, at: { x: number; y: number }, place: ReturnType<typeof placeOf>) {
  const { part } = shown
  return {
    x: place.left + ((at.x - part.left) / part.width) * place.width,
    y: place.top + ((at.y - part.top) / part.height) * place.height,
  }
}

describe('the loupe', () => {
  test('shows the same spot of the photo in the middle of both panes, to half a pixel, whatever their sizes', () => {
    fc.assert(
      fc.property(size, size, spot, pane, scale, (a, b, at, room, zoom) => {
        for (const shown of [whole(a), whole(b)]) {
          const place = placeOf(shown, at, room, zoom)
          const middle = onPane(shown, at, place)
          expect(Math.abs(middle.x - room.width / 2)).toBeLessThanOrEqual(0.5)
          expect(Math.abs(middle.y - room.height / 2)).toBeLessThanOrEqual(0.5)
          expect(place.width).toBe(shown.size.width * zoom)
        }
      }),
    )
  })

  test('a crop shows the spot where the whole picture does', () => {
    const part = { left: 0.25, top: 0, width: 0.5, height: 1 }
    const crop: Shown = { size: { width: 480, height: 480 }, part }

    const place = placeOf(crop, { x: 0.5, y: 0.5 }, { width: 400, height: 300 }, 1)

    expect(place).toEqual({ left: -40, top: -90, width: 480, height: 480 })
  })

  test('what is dragged follows the finger', () => {
    const shown = whole({ width: 2000, height: 1000 })
    const room = { width: 400, height: 300 }
    const before = placeOf(shown, { x: 0.5, y: 0.5 }, room, 2)

    const after = placeOf(shown, dragged(shown, { x: 0.5, y: 0.5 }, { x: 30, y: -12 }, 2), room, 2)

    expect([after.left - before.left, after.top - before.top]).toEqual([30, -12])
  })

  test('no pane shows anything beside a picture that is larger than it, and one that is smaller is whole', () => {
    fc.assert(
      fc.property(size, spot, pane, scale, (a, at, room, zoom) => {
        const shown = whole(a)
        const place = placeOf(shown, heldIn(shown, at, room, zoom), room, zoom)
        for (const [start, extent, space] of [
          [place.left, place.width, room.width],
          [place.top, place.height, room.height],
        ] as const) {
          if (extent >= space) {
            expect(start).toBeLessThanOrEqual(0)
            expect(start + extent).toBeGreaterThanOrEqual(space)
          } else {
            expect(start).toBeGreaterThanOrEqual(0)
            expect(start + extent).toBeLessThanOrEqual(space)
          }
        }
      }),
    )
  })

  test('two renditions are shown at the same size, for whoever wants that', () => {
    const small = whole({ width: 320, height: 240 })
    const feed = whole({ width: 1080, height: 810 })

    expect(matchingScale(feed, small, 1) * 320).toBeCloseTo(1080)
  })
})
