import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  atStrength,
  type ColorTable,
  identityTable,
  TABLE_SIZE,
  tableOf,
} from '../src/photo/look/color-table.ts'
import { compileFilter } from '../src/photo/look/compile-filter.ts'
import { toCube } from '../src/photo/look/cube.ts'
import type { Filter, FilterName } from '../src/photo/look/filter.ts'
import { filterDigest } from '../src/photo/look/filter-digest.ts'
import { FILTERS } from '../src/photo/look/filters.ts'
import { applyTable } from '../workers/renditions/look/apply-table.ts'
import type { Pixels } from '../workers/renditions/pixels.ts'

type Color = readonly [red: number, green: number, blue: number]

// Tables are never changed, and compiling one takes a while.
const TABLES = new Map(Array.from(FILTERS, ([name, filter]) => [name, compileFilter(filter)]))
const NAMES = [...FILTERS.keys()]
const tableNamed = (name: string) => TABLES.get(name as FilterName) as ColorTable
const filterNamed = (name: string) => FILTERS.get(name as FilterName) as Filter

const byte = fc.integer({ min: 0, max: 255 })
const colors = fc.tuple(byte, byte, byte)
const names = fc.constantFrom(...NAMES)

describe('a colour table', () => {
  test('of no change gives back every pixel exactly', () => {
    fc.assert(
      fc.property(fc.array(colors, { minLength: 1, maxLength: 300 }), (pixels) => {
        const picture = pictureOf(pixels)

        applyTable(picture, identityTable())

        expect(colorsOf(picture)).toEqual(pixels)
      }),
    )
  })

  test('leaves alpha alone', () => {
    const picture: Pixels = {
      data: Buffer.from([9, 99, 199, 77, 1, 2, 3, 0]),
      width: 2,
      height: 1,
      channels: 4,
    }

    applyTable(picture, tableNamed('noir'))

    expect([picture.data[3], picture.data[7]]).toEqual([77, 0])
  })

  test('interpolates to within a step of the table it was made from', () => {
    const squares = tableOf(TABLE_SIZE, (...color) => color.map((value) => value ** 2) as unknown as Color)

    fc.assert(
      fc.property(colors, (color) => {
        const picture = pictureOf([color])

        applyTable(picture, squares)

        for (const [channel, value] of (colorsOf(picture)[0] as Color).entries()) {
          expect(Math.abs(value - ((color[channel] as number) / 255) ** 2 * 255)).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  test('as .cube text names its size and lists 33³ colours, red fastest', () => {
    const [title, size, ...lines] = toCube(identityTable(), 'Nothing').trimEnd().split('\n')

    expect([title, size]).toEqual(['TITLE "Nothing"', 'LUT_3D_SIZE 33'])
    expect(lines).toHaveLength(TABLE_SIZE ** 3)
    expect(lines[0]).toBe('0.000000 0.000000 0.000000')
    expect(lines[1]).toBe('0.031250 0.000000 0.000000')
    expect(lines[TABLE_SIZE]).toBe('0.000000 0.031250 0.000000')
    expect(lines[TABLE_SIZE ** 2]).toBe('0.000000 0.000000 0.031250')
    expect(lines.at(-1)).toBe('1.000000 1.000000 1.000000')
  })
})

// A change of a digest gives every rendition of that look a new key. `npx vitest run test/filters.test.ts -u` writes them.
test('the digest of every filter is the one that is written down', async () => {
  const digests = Object.fromEntries(
    Array.from(TABLES, ([name, table]) => [name, filterDigest(table, filterNamed(name))]),
  )

  const path = '../src/photo/look/filters/digests.json'
  await expect(`${JSON.stringify(digests, null, 2)}\n`).toMatchFileSnapshot(path)
})

test('another vignette or grain makes another digest, as another table does', () => {
  const table = tableNamed('mono')
  const digests = [
    filterDigest(table),
    filterDigest(table, { vignette: 0.2, grain: 0 }),
    filterDigest(table, { vignette: 0, grain: 0.2 }),
    filterDigest(table, { vignette: 0.2, grain: 0.2 }),
    filterDigest(tableNamed('noir')),
  ]

  expect(new Set(digests).size).toBe(digests.length)
  expect(filterDigest(table, { vignette: 0, grain: 0 })).toBe(digests[0])
})

describe('strength', () => {
  test('of 0 changes nothing', () => {
    fc.assert(
      fc.property(names, fc.array(colors, { minLength: 50, maxLength: 50 }), (name, pixels) => {
        const [same] = looks(name, [0], pixels)

        expect(same).toEqual(pixels)
      }),
      { numRuns: 20 },
    )
  })

  test('moves each channel one way only, towards the full look', () => {
    fc.assert(
      fc.property(names, fc.array(colors, { minLength: 50, maxLength: 50 }), (name, pixels) => {
        const steps = looks(name, [0, 0.25, 0.5, 0.75, 1], pixels).map((step) => step.flat())

        for (const [i, last] of (steps.at(-1) as number[]).entries()) {
          const values = steps.map((step) => step[i] as number)
          const way = Math.sign(last - (values[0] as number))
          expect(pairs(values).every(([before, after]) => (after - before) * way >= 0)).toBe(true)
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe.each(NAMES)('the filter %s', (name) => {
  const greys = Array.from({ length: 256 }, (_, value): Color => [value, value, value])

  test('has a title and one line about it', () => {
    expect(filterNamed(name).title).toMatch(/^[A-Z]\w+$/)
    expect(filterNamed(name).description).toMatch(/^[^\n]{10,90}$/)
  })

  test('keeps lighter greys at least as light, in every channel', () => {
    const picture = pictureOf(greys)

    applyTable(picture, tableNamed(name))

    for (const [before, after] of pairs(colorsOf(picture))) {
      for (const channel of [0, 1, 2] as const) expect(after[channel]).toBeGreaterThanOrEqual(before[channel])
    }
  })

  test('keeps detail: no flat blacks or whites, no leap that would show as a band', () => {
    const picture = pictureOf(greys)

    applyTable(picture, tableNamed(name))

    const lights = colorsOf(picture).map(
      ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
    )
    for (const [before, after] of pairs(lights)) expect(after - before).toBeLessThanOrEqual(3)
    expect((lights[32] as number) - (lights[0] as number)).toBeGreaterThan(8)
    expect((lights[255] as number) - (lights[223] as number)).toBeGreaterThan(8)
  })

  test('has a character of its own', () => {
    const own = tableNamed(name).values

    for (const other of NAMES.filter((it) => it !== name)) {
      const theirs = tableNamed(other).values
      const distance =
        own.reduce((sum, value, i) => sum + Math.abs(value - (theirs[i] as number)), 0) / own.length
      expect(distance).toBeGreaterThan(0.01)
    }
  })
})

function looks(name: FilterName, strengths: readonly number[], pixels: readonly Color[]): Color[][] {
  return strengths.map((strength) => {
    const picture = pictureOf(pixels)
    applyTable(picture, atStrength(tableNamed(name), strength))
    return colorsOf(picture)
  })
}

function pictureOf(colors: readonly Color[]): Pixels {
  return { data: Buffer.from(colors.flat()), width: colors.length, height: 1, channels: 3 }
}

function colorsOf({ data }: Pixels): Color[] {
  return Array.from(
    { length: data.length / 3 },
    (_, i) => [...data.subarray(i * 3, i * 3 + 3)] as unknown as Color,
  )
}

function pairs<T>(items: readonly T[]): [before: T, after: T][] {
  return items.slice(1).map((after, i) => [items[i] as T, after])
}
