import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Place } from '../../clients/typescript/src/darkroom-client.ts'
import { newestFirst } from '../../clients/typescript/src/feed-places.ts'
import { anchorAt, leftOutAt, TALLEST, yOf } from '../../console/src/feed/place.ts'
import { layOut, type Rows, rowAt, rowHeightFor, rowOf, tilesOf } from '../../console/src/feed/rows.ts'

const SIZES = [
  [4032, 3024],
  [3024, 4032],
  [3000, 2000],
  [2000, 3000],
  [1080, 2340],
  [10_000, 500],
  [null, null],
] as const

const placeOf = (at: number, size: (typeof SIZES)[number]): Place => ({
  ...{ id: String(at), at, width: size[0], height: size[1], color: null, photo: null },
})
const sizes = fc.constantFrom(...SIZES)
const places = fc
  .array(sizes, { maxLength: 120 })
  .map((all) => all.map((size, i) => placeOf(10 * (all.length - i), size)))
const width = fc.integer({ min: 320, max: 2400 })
const frameFor = (wide: number) => ({ width: wide, rowHeight: rowHeightFor(wide), gap: 4 })
const feedOf = (all: readonly Place[]) => ({
  indexOf: (spot: { id: string; at: number }) => all.filter((place) => newestFirst(place, spot) < 0).length,
})

function rowsOf(rows: Rows) {
  return Array.from(rows.heights, (height, row) => ({ height, tiles: tilesOf(rows, row) }))
}

describe('rows', () => {
  test('have every photo once, in order, and fill the width', () => {
    fc.assert(
      fc.property(places, width, fc.boolean(), (all, wide, hasMore) => {
        const rows = layOut(all, frameFor(wide), { hasMore })
        const laid = rowsOf(rows)
        const indices = laid.flatMap(({ tiles }) => tiles.map(({ index }) => index))
        expect(indices).toEqual(all.slice(0, indices.length).map((_, i) => i))
        if (!hasMore) expect(indices).toHaveLength(all.length)
        for (const [row, { tiles }] of laid.entries()) {
          const last = tiles.at(-1)
          const end = (last?.start ?? 0) + (last?.width ?? 0)
          if (row < laid.length - 1) expect(end).toBeCloseTo(wide, 3)
          else expect(end).toBeLessThanOrEqual(wide + 0.001)
        }
      }),
    )
  })

  test('stay as they are when older photos come, or newer ones above', () => {
    fc.assert(
      fc.property(places, places, width, (newer, older, wide) => {
        const above = newer.map((place) => placeOf(place.at + 10_000, [place.width, place.height] as never))
        const before = layOut(older, frameFor(wide), { hasMore: true })
        const after = layOut([...above, ...older], frameFor(wide), { before, hasMore: false })
        const rowsByFirst = new Map(
          rowsOf(after).map((row) => [after.places[row.tiles[0]?.index ?? -1], row]),
        )
        const kept = rowsOf(before).filter(
          ({ tiles, height }) => rowsByFirst.get(older[tiles[0]?.index ?? -1])?.height === height,
        )
        // What is left of those that came may take the first rows with it, never those further down.
        expect(kept.length).toBeGreaterThanOrEqual(before.heights.length - 5)
      }),
    )
  })

  test('a photo that goes moves no photo of a row that is not its neighbour', () => {
    fc.assert(
      fc.property(places, width, fc.nat(), (all, wide, which) => {
        const before = layOut(all, frameFor(wide), { hasMore: false })
        if (all.length === 0) return
        const gone = which % all.length
        const after = layOut(all.toSpliced(gone, 1), frameFor(wide), { before, hasMore: false })
        const starts = new Set(Array.from(after.firsts.slice(0, -1), (first) => after.places[first]))
        const moved = Array.from(before.firsts.slice(0, -1)).filter(
          (first) => !starts.has(all[first] as Place),
        )
        expect(moved.length).toBeLessThanOrEqual(6)
      }),
    )
  })

  test('ten thousand photos take little time, and another page of them less', () => {
    const all = Array.from({ length: 10_000 }, (_, i) =>
      placeOf(20_000 - i, SIZES[i % 4] as (typeof SIZES)[number]),
    )
    const first = layOut(all.slice(0, 9_940), frameFor(1280), { hasMore: true })
    const before = process.cpuUsage()
    for (let i = 0; i < 10; i++) layOut(all, frameFor(1280), { before: first, hasMore: true })
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 10_000).toBeLessThan(20)
  })
})

describe('the place', () => {
  test('is kept when photos come or go above it, and when the page gets another width', () => {
    fc.assert(
      fc.property(
        places,
        fc.array(fc.nat(), { maxLength: 5 }),
        width,
        width,
        fc.nat(),
        (all, gone, wide, other, at) => {
          const before = layOut(all, frameFor(wide), { hasMore: false })
          const y = at % Math.max(1, Math.floor(before.height))
          const anchor = anchorAt(before, y, { screen: 800, bar: 56 })
          if (!anchor) return
          const left = all.filter(
            ({ id }, i) => id === anchor.spot.id || !gone.some((one) => one % all.length === i),
          )
          const after = layOut(left, frameFor(other), { before, hasMore: false })
          const newY = yOf(after, anchor, feedOf(left), 0)
          const row = rowOf(
            after,
            left.findIndex(({ id }) => id === anchor.spot.id),
          )
          expect((after.tops[row] ?? 0) - newY).toBeCloseTo(anchor.offset, 6)
          expect(rowAt(after, after.tops[row] ?? 0)).toBe(row)
        },
      ),
    )
  })

  test('is that of the next photo when the photo itself is gone', () => {
    const all = Array.from({ length: 40 }, (_, i) => placeOf(400 - i, [3000, 2000]))
    const before = layOut(all, frameFor(400), { hasMore: false })
    const anchor = anchorAt(before, 2_000, { screen: 800, bar: 56 })
    const left = all.filter(({ id }) => id !== anchor?.spot.id)
    const after = layOut(left, frameFor(400), { before, hasMore: false })
    expect(anchor && yOf(after, anchor, feedOf(left), 0)).toBeCloseTo(2_000, 0)
  })

  test('can be scrolled to from everywhere, on a page that is never too tall', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 * TALLEST }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 40 }),
        (height, steps) => {
          const tall = Math.min(height, TALLEST)
          let [y, leftOut] = [0, 0]
          for (const step of steps) {
            // As far as one can scroll, and what is seen stays where it is when more or less is left out.
            const inPage = Math.max(0, Math.min(tall, y - leftOut + step * tall))
            y = leftOut + inPage
            leftOut = leftOutAt(y, height, leftOut)
            expect(leftOut).toBeGreaterThanOrEqual(0)
            expect(leftOut).toBeLessThanOrEqual(height - tall)
            expect(y - leftOut).toBeGreaterThanOrEqual(0)
            expect(y - leftOut).toBeLessThanOrEqual(tall)
            if (y - leftOut === 0) expect(y).toBe(0)
            if (y - leftOut === tall) expect(y).toBe(height)
          }
        },
      ),
    )
  })
})
