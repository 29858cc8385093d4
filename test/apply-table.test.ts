import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tableOf } from '../src/photo/look/color-table.ts'
import { applyPlainly } from '../src/photo/look/plain-table.ts'
import { applyTable } from '../workers/renditions/look/apply-table.ts'

test('looks pixels up on vectors as without them, to the bit', () => {
  const tables = [2, 3, 16, 33, 65].map((size) =>
    tableOf(size, (red, green, blue) => [1 - red * blue, (green + red) / 2, Math.abs(blue - green)]),
  )
  const pictures = fc.record({
    channels: fc.constantFrom(3 as const, 4 as const),
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 3 }),
    level: fc.constantFrom(256, 9),
    table: fc.constantFrom(...tables),
    seed: fc.nat(),
  })

  fc.assert(
    fc.property(pictures, ({ channels, width, height, level, table, seed }) => {
      const data = Buffer.from(
        Array.from({ length: width * height * channels }, (_, i) => (seed + i * i * 31 + i) % level),
      )
      const [fast, plain] = [Buffer.from(data), Buffer.from(data)]

      applyTable({ data: fast, width, height, channels }, table)
      applyPlainly({ data: plain, channels }, table)

      expect(fast).toEqual(plain)
    }),
  )
})

test('reads every colour of a large picture, whole or not in the parts it is looked up in', () => {
  const table = tableOf(33, (red, green, blue) => [blue, red, green])
  const data = Buffer.from(Array.from({ length: 3 * (2 * 16_384 + 5) }, (_, i) => (i * 7) % 256))
  const plain = Buffer.from(data)

  applyTable({ data, width: 2 * 16_384 + 5, height: 1, channels: 3 }, table)
  applyPlainly({ data: plain, channels: 3 }, table)

  expect(data.equals(plain)).toBe(true)
})
