import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { openFilterBook } from '../src/filters/filter-book.ts'
import { identityTable, lookUp, tableOf } from '../src/photo/look/color-table.ts'
import { compileFilter } from '../src/photo/look/compile-filter.ts'
import { parseCube, toCube } from '../src/photo/look/cube.ts'
import { filterDigest } from '../src/photo/look/filter-digest.ts'
import { FILTERS } from '../src/photo/look/filters.ts'
import { toHald } from '../src/photo/look/hald.ts'
import { applyTable } from '../workers/renditions/look/apply-table.ts'
import { runDarkroom } from './support/run-darkroom.ts'

const unit = fc.double({ min: 0, max: 1, noNaN: true })

/** A table of that size with seeds for its colours. */
const tables = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.array(unit, { minLength: 3, maxLength: 30 }))
  .map(([size, seeds]) => {
    let i = 0
    const next = () => seeds[i++ % seeds.length] as number
    return tableOf(size, () => [next(), next(), next()])
  })

/** Half as bright, of two points an axis. */
const half = toCube(
  tableOf(2, (...color) => color.map((value) => value / 2) as unknown as [number, number, number]),
  'Half',
)

describe('a .cube file', () => {
  test('gives back the very table it was written from', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const cube = parseCube(toCube(table, 'Any'))

        expect(cube.table).toEqual(table)
        expect(filterDigest(cube.table)).toBe(filterDigest(table))
        expect(cube.title).toBe('Any')
      }),
    )
  })

  test('is read with comments, blank lines, CRLF, tabs and a byte order mark', () => {
    const text = `\uFEFF# made by a tool\n\n${half.replaceAll(' ', '\t').replaceAll('\n', '\r\n')}\r\n# end`

    expect(parseCube(text).table).toEqual(parseCube(half).table)
  })

  test('of another domain means the same colours', () => {
    const domain = half.replace('LUT_3D_SIZE 2', 'DOMAIN_MIN -1 -1 -1\nLUT_3D_SIZE 2\nDOMAIN_MAX 1 1 1')

    const { table } = parseCube(domain)

    // Colour 0 lies in the middle of -1..1, where the table says 0.25; colour 1 at its end, where it says 0.5.
    const out = new Float64Array(3)
    expect(lookUp(table, [0, 0, 0], out)[0]).toBeCloseTo(0.25, 4)
    expect(lookUp(table, [1, 1, 1], out)[0]).toBeCloseTo(0.5, 4)
    expect(lookUp(table, [0.5, 1, 0], out)[0]).toBeCloseTo(0.375, 4)
  })

  test('keeps values beyond 0 to 1 within them', () => {
    const text = half.replaceAll(/0\.5\d+/g, '1.7').replace('0.000000 0.000000 0.000000', '-1 -1 -1')

    const { values } = parseCube(text).table

    expect([...new Set(values)].sort()).toEqual([0, 1])
  })

  test.each([
    ['no table at all', 'hello there', 'line 1: "hello" is no keyword of the format'],
    ['an empty file', '', 'there is no LUT_3D_SIZE; only 3-D tables are taken'],
    ['a 1-D table', 'LUT_1D_SIZE 2\n0 0 0\n1 1 1', 'line 1: this is a 1-D table; export a 3-D one'],
    ['a size of 66', 'LUT_3D_SIZE 66', 'line 1: LUT_3D_SIZE must be a whole number from 2 to 65'],
    [
      'too few colours',
      half.split('\n').slice(0, -2).join('\n'),
      'LUT_3D_SIZE 2 needs 8 lines of numbers; there are 7',
    ],
    ['a word among the numbers', `${half}0 zero 0\n`, 'line 11: "0 zero 0" must be three numbers'],
    ['a number that is none', `${half}0 nan 0\n`, 'line 11: "0 nan 0" must be three numbers'],
    ['an upside-down domain', `DOMAIN_MIN 2 2 2\n${half}`, 'DOMAIN_MIN must be below DOMAIN_MAX'],
  ])('with %s is refused in one line that says why', (_name, text, reason) => {
    expect(() => parseCube(text)).toThrow(reason)
  })

  test('of any size makes the pixels that interpolation of its table makes', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(tables, fc.tuple(byte, byte, byte), (table, color) => {
        const data = Buffer.from(color)

        applyTable({ data, width: 1, height: 1, channels: 3 }, table)

        const exact = lookUp(table, color.map((value) => value / 255) as never, new Float64Array(3))
        for (const [i, value] of data.entries()) {
          expect(Math.abs(value - (exact[i] as number) * 255)).toBeLessThanOrEqual(0.51)
        }
      }),
    )
  })
})

describe('a HALD picture', () => {
  test('holds 64 colours an axis, red fastest, and says what the table says', async () => {
    const table = compileFilter([...FILTERS.values()][5] as never)

    const { data, info } = await sharp(await toHald(table))
      .raw()
      .toBuffer({ resolveWithObject: true })

    expect(info).toMatchObject({ width: 512, height: 512, channels: 3 })
    for (const [red, green, blue] of [
      [0, 0, 0],
      [63, 0, 0],
      [7, 40, 21],
      [0, 63, 1],
      [63, 63, 63],
    ] as const) {
      const at = (red + green * 64 + blue * 4096) * 3
      const exact = lookUp(table, [red / 63, green / 63, blue / 63], new Float64Array(3))
      for (let i = 0; i < 3; i++) {
        expect(Math.abs((data[at + i] as number) - (exact[i] as number) * 255)).toBeLessThanOrEqual(0.5001)
      }
    }
  })

  test('of no change is the plain ramp that tools know', async () => {
    const data = await sharp(await toHald(identityTable()))
      .raw()
      .toBuffer()

    expect([...data.subarray(0, 6)]).toEqual([0, 0, 0, 4, 0, 0])
    expect([...data.subarray(-3)]).toEqual([255, 255, 255])
  })
})

describe("an operator's folder of .cube files", () => {
  test('adds a filter for each file, named after it and titled as it says', async () => {
    await using folder = await folderOf({
      'Kodak 2383 (D65).cube': half,
      'plain.CUBE': half.replace(/TITLE.*\n/, ''),
    })

    const book = await openFilterBook(folder.path)

    expect(book.badFiles).toEqual([])
    expect(book.all.filter(({ origin }) => origin === 'file')).toMatchObject([
      { name: 'kodak-2383-d65', title: 'Half', description: 'From Kodak 2383 (D65).cube' },
      { name: 'plain', title: 'plain' },
    ])
  })

  test('tells of each file that is no filter, and takes the others', async () => {
    const files = {
      'good.cube': half,
      'bad.cube': 'nonsense here',
      'mono.cube': half,
      'Good!.cube': half,
      'note.txt': '',
    }
    await using folder = await folderOf(files)

    const book = await openFilterBook(folder.path)

    expect(book.find('good')).not.toBeNull()
    expect(
      book.badFiles.map(({ path, reason }) => `${path.slice(folder.path.length + 1)}: ${reason}`),
    ).toEqual([
      'bad.cube: line 1: "nonsense" is no keyword of the format',
      'good.cube: the name "good" is taken; rename the file',
      'mono.cube: the name "mono" is taken; rename the file',
    ])
  })

  test('is none when it is not there', async () => {
    const book = await openFilterBook('/nowhere/at/all')

    expect(book.all.length).toBe(FILTERS.size)
    expect(book.badFiles).toEqual([])
  })

  test('makes the doctor name what is wrong with a file', async () => {
    await using folder = await folderOf({ 'bad.cube': 'LUT_3D_SIZE 1' })

    const { stdout, code } = await runDarkroom(['doctor'], {
      DARKROOM_HOME: folder.path,
      FILTERS_DIR: folder.path,
      PORT: '1',
    })

    expect(code).toBe(1)
    expect(stdout).toContain(
      `BAD  filters        ${folder.path}/bad.cube is no filter: line 1: LUT_3D_SIZE must be a whole number from 2 to 65`,
    )
  })
})

async function folderOf(files: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-filters-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) }
}
