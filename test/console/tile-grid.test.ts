import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawnOf, gridOf, heightOf, placeOf } from '../../console/src/develop/tile-grid.ts'

test('tiles fill the width, two beside each other on the narrowest phone', () => {
  expect(gridOf(336, 64)).toMatchObject({ columns: 2, tile: 162 })

  fc.assert(
    fc.property(fc.integer({ min: 160, max: 4000 }), (width) => {
      const { columns, tile, gap } = gridOf(width, 64)
      const used = columns * tile + (columns - 1) * gap

      expect(used).toBeLessThanOrEqual(width)
      expect(used).toBeGreaterThan(width - columns)
    }),
  )
})

test('every tile that is in sight is drawn, and few others', () => {
  const inputs = [
    fc.integer({ min: 200, max: 3000 }),
    fc.integer({ min: 0, max: 3000 }),
    fc.nat(100_000),
  ] as const
  fc.assert(
    fc.property(...inputs, (width, count, top) => {
      const grid = gridOf(width, 64)
      const sight = { top: Math.min(top, heightOf(grid, count)), height: 800 }
      const { first, end } = drawnOf(grid, count, sight)

      for (let index = 0; index < count; index++) {
        const { y } = placeOf(grid, index)
        const isInSight = y + grid.row > sight.top && y < sight.top + sight.height
        if (isInSight) expect(index >= first && index < end).toBe(true)
      }
      expect(end - first).toBeLessThanOrEqual((Math.ceil(800 / grid.row) + 6) * grid.columns)
    }),
  )
})
