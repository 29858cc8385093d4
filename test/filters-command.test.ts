import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { ownFilters } from '../src/filters/filter-book.ts'
import { tableOf } from '../src/photo/look/color-table.ts'
import { parseCube, toCube } from '../src/photo/look/cube.ts'
import { filterDigest } from '../src/photo/look/filter-digest.ts'
import { type Ran, runDarkroom } from './support/run-darkroom.ts'

const PHOTO = join(import.meta.dirname, '../fixtures/photos/plain.jpg')
const OWN = ownFilters().all
const ALL_RED = tableOf(2, () => [1, 0, 0])

/** A home with a filter of the operator's, `red`, and a file that is none. */
async function openHome() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-home-'))
  const filters = join(folder.path, 'filters')
  await mkdir(filters)
  await writeFile(join(filters, 'Red.cube'), toCube(ALL_RED, 'All red'))
  await writeFile(join(filters, 'Bad.cube'), 'LUT_3D_SIZE 99\n')
  return {
    path: (name: string) => join(folder.path, name),
    run: async (...args: string[]): Promise<Ran> =>
      await runDarkroom(['filters', ...args], { DARKROOM_HOME: folder.path }),
    [Symbol.asyncDispose]: async () => await folder.remove(),
  }
}

describe('darkroom filters list', () => {
  test("prints ours and the operator's with a line each, and names the file that is none", async () => {
    await using home = await openHome()

    const { code, stdout, stderr } = await home.run('list')

    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s/)[0])
    expect(code).toBe(0)
    expect(names).toEqual([...OWN.map(({ name }) => name), 'red'])
    expect(stderr).toMatch(/^.*Bad\.cube is no filter: line 1: .*2 to 65\n$/)
  })
})

describe('darkroom filters export', () => {
  test('writes the very tables that renditions are made with', async () => {
    await using home = await openHome()

    const { stdout } = await home.run('export', home.path('luts/of/mine'))

    const written = await readdir(home.path('luts/of/mine'))
    expect(stdout).toContain(`${OWN.length + 1} filters written`)
    expect(written.sort()).toEqual([...OWN.map(({ name }) => `${name}.cube`), 'red.cube'].sort())
    for (const { name, digest, effects } of OWN.slice(0, 5)) {
      const { table } = parseCube(await readFile(home.path(`luts/of/mine/${name}.cube`), 'utf8'))
      expect(filterDigest(table, effects)).toBe(digest)
    }
  })
})

describe('darkroom filters sheet', () => {
  test('draws the photo without a look and then with each', async () => {
    await using home = await openHome()
    const columns = OWN.length + 2
    const output = home.path('sheet.png')

    const ran = await home.run('sheet', PHOTO, '-o', output, '--tile', '64', '--columns', String(columns))

    const { data, info } = await sharp(output).raw().toBuffer({ resolveWithObject: true })
    const colorAt = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)]
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(info.width).toBe(12 + columns * (64 + 12))
    expect(colorAt(14, 14)[1]).toBeLessThan(60)
    // The operator's filter comes last, and there all is red.
    expect(colorAt(info.width - 44, 36)).toEqual([255, 0, 0])
  })

  test('draws a photo in HEIC as any other', async () => {
    await using home = await openHome()
    const photo = join(import.meta.dirname, '../fixtures/photos/photo.heic')
    const output = home.path('sheet.png')

    const ran = await home.run('sheet', photo, '-o', output, '--tile', '64')

    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect((await sharp(output).metadata()).width).toBeGreaterThan(64)
  })

  test('writes each name with letters of its own, on a machine without fonts, and cuts what is too long', async () => {
    await using home = await openHome()
    await writeFile(home.path(`filters/${'mimosa'.repeat(10)}.cube`), toCube(ALL_RED, 'Long'))
    const output = home.path('sheet.png')
    const columns = OWN.length + 3
    const args = ['filters', 'sheet', PHOTO, '-o', output, '--tile', '64', '--columns', String(columns)]

    const ran = await runDarkroom(args, { DARKROOM_HOME: home.path(''), FONTCONFIG_FILE: '/no/such/file' })

    const { height } = await sharp(output).metadata()
    const darkest = async (left: number, width: number) => {
      const area = await sharp(output)
        .extract({ left, top: height - 38, width, height: 26 })
        .toBuffer()
      return (await sharp(area).greyscale().stats()).channels[0]?.min
    }
    expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining('ontconfig')])
    for (let left = 12; left < columns * 76; left += 76) {
      expect(await darkest(left, 64), 'name').toBeLessThan(80)
      expect(await darkest(left + 64, 12), 'gap').toBeGreaterThan(230)
    }
  })

  test.each([
    [['no-such.jpg'], /^darkroom: ENOENT: no such file/],
    [[import.meta.filename], /^darkroom: The picture is damaged or incomplete/],
    [[PHOTO, '-o', 'sheet.gif'], /ends in \.png, \.jpg or \.webp/],
    [[PHOTO, '--tile', '5'], /a whole number from 16 to 2000/],
  ])('says what is wrong with %j', async (args, message) => {
    await using home = await openHome()

    const { code, stdout, stderr } = await home.run('sheet', ...args)

    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
  })
})
