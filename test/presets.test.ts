import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SetupError } from '../src/errors.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { formatsAt, type Preset, STAGES } from '../src/photo/presets.ts'
import { recipeDigest, recipeNumber } from '../src/photo/recipe.ts'
import { RENDITION_FORMAT_NAMES } from '../src/photo/rendition-formats.ts'
import { builtInPresets } from '../src/presets/built-in-presets.ts'
import { parsePresets } from '../src/presets/parse-presets.ts'
import { readPresets } from '../src/presets/read-presets.ts'
import { uploadReady } from './support/photo-client.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { startService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

const SQUARE = { name: 'square', fit: 'cover', width: 300, height: 300, upload: ['jpeg'] }
const STORY = { name: 'story', fit: 'inside', width: 720, upload: ['jpeg'], after: ['avif'] }

describe('the presets', () => {
  test('that are built in keep the rules for those of an operator', async () => {
    const file = await readFile(join(import.meta.dirname, '../src/presets/presets.json'), 'utf8')

    expect(parsePresets(JSON.parse(file), 'presets.json')).toEqual(builtInPresets())
  })

  test('are the built-in ones where there is no file', async () => {
    await using folder = await temporaryFolder()

    const presets = await readPresets({ path: join(folder.path, 'presets.json'), mustExist: false })

    expect(presets).toEqual(builtInPresets())
    expect(presets.map(({ name }) => name)).toEqual(['thumb', 'small', 'medium', 'feed', 'full'])
  })

  test('are those of the file, with what it leaves out filled in', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'presets.json')
    await writeFile(path, `\uFEFF${JSON.stringify({ presets: [SQUARE, { ...STORY, animated: true }] })}`)

    const presets = await readPresets({ path, mustExist: true })

    expect(presets).toEqual([
      { ...SQUARE, after: [], animated: false, hdr: false },
      { ...STORY, animated: true, hdr: false },
    ])
  })

  test('must be there when they were named', async () => {
    await expect(readPresets({ path: '/nowhere/presets.json', mustExist: true })).rejects.toThrow(SetupError)
  })

  test('must be JSON', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'presets.json')
    await writeFile(path, '{ presets: [] }')

    await expect(readPresets({ path, mustExist: false })).rejects.toThrow(`${path} is not JSON`)
  })

  test('have every mistake named at once', () => {
    const file = {
      presets: [
        { ...SQUARE, widht: 3, hight: 4, fitt: 5, upload: ['jpg'] },
        { ...STORY, name: 'Story!', width: 0, fit: 'contain', animated: 'yes' },
        { ...STORY, after: ['jpeg'], minWidth: 1080 },
        { ...STORY, width: undefined },
        { name: 'wide', fit: 'cover', width: 3, area: 9, upload: ['webp', 'webp'], after: [] },
        { fit: 'inside', width: 3 },
        7,
      ],
      version: 1,
    }

    const parse = () => parsePresets(file, 'presets.json')

    expect(parse).toThrow(SetupError)
    for (const mistake of [
      '"version" is not known',
      'preset 1 (square): "widht" is not known',
      'preset 1 (square): "hight" is not known',
      'preset 1 (square): "fitt" is not known',
      'preset 1 (square): "upload" must be a list of webp, jpeg, avif',
      'preset 2 (Story!): "name" must be up to 32 lower-case letters',
      'preset 2 (Story!): "width" must be a whole number of pixels from 1 to 16384, not 0',
      'preset 2 (Story!): "fit" must be "cover"',
      'preset 2 (Story!): "animated" must be true or false',
      'preset 3 (story): jpeg is made at "upload" already',
      'preset 3 (story): "minWidth" must not be more than "width"',
      'preset 4 (story): "inside" needs "width", "height" or "area"',
      'preset 4 (story): the name is taken',
      'preset 5 (wide): "cover" needs "width" and "height"',
      'preset 5 (wide): "cover" takes neither "area" nor "minWidth"',
      'preset 5 (wide): "upload" must be a list',
      'preset 5 (wide): "upload" must have jpeg',
      'preset 6: "name" is missing',
      'preset 6: "upload" is missing',
      'preset 7: must be an object',
    ]) {
      expect(parse).toThrow(mistake)
    }
  })

  test.each([[null], [[]], [{}], [{ presets: {} }], [{ presets: [] }], ['presets']])('are not %j', (file) => {
    expect(() => parsePresets(file, 'presets.json')).toThrow(SetupError)
  })
})

test('the example of README is such a file', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
  const [, example = ''] = /```json\n(\{\n {2}"presets".*?)```/s.exec(readme) ?? []

  expect(parsePresets(JSON.parse(example), 'README.md').map(({ name }) => name)).toEqual(['avatar', 'story'])
})

describe('the formats of a preset', () => {
  const formats = fc.uniqueArray(fc.constantFrom(...RENDITION_FORMAT_NAMES))
  const presets = fc
    .record({ upload: formats, after: formats, animated: fc.boolean() })
    .filter(({ upload, after }) => upload.includes('jpeg') && !after.some((one) => upload.includes(one)))
    .map((parts): Preset => ({ name: 'any', fit: 'inside', width: 100, hdr: false, ...parts }))
  const kinds = fc.record({ isTransparent: fc.boolean(), moves: fc.boolean() })

  test('are what it asks for, of a picture that is opaque and stands still', () => {
    fc.assert(
      fc.property(presets, fc.constantFrom(...STAGES), (preset, stage) => {
        expect(formatsAt(stage, preset, { isTransparent: false, moves: false })).toEqual(preset[stage])
      }),
    )
  })

  test('are made once each, JPEG before the photo is ready, and WebP then too of what JPEG can not show', () => {
    fc.assert(
      fc.property(presets, kinds, (preset, kind) => {
        const upload = formatsAt('upload', preset, kind)
        const all = [...upload, ...formatsAt('after', preset, kind)]

        expect(new Set(all).size).toBe(all.length)
        expect(upload).toContain('jpeg')
        if (kind.moves && preset.animated) expect(upload).toContain('webp')
        if (kind.isTransparent) expect(upload.some((format) => format !== 'jpeg')).toBe(true)
      }),
    )
  })

  test('have no AVIF where the picture moves as WebP', () => {
    fc.assert(
      fc.property(presets, kinds, (preset, kind) => {
        fc.pre(kind.moves && preset.animated)

        expect(STAGES.flatMap((stage) => formatsAt(stage, preset, kind))).not.toContain('avif')
      }),
    )
  })
})

describe('the recipe number', () => {
  const [square, story] = parsePresets({ presets: [SQUARE, STORY] }, 'presets.json') as [Preset, Preset]

  test('is an int4, and the same for the same presets, in whatever order they stand', () => {
    const number = recipeNumber([square, story], null)

    expect(number).toBe(recipeNumber([{ ...story, upload: story.upload.toReversed() }, { ...square }], null))
    expect(number).toBe(number | 0)
  })

  test('is another for another box, format, time, name, filter, or content of a filter', () => {
    const numbers = [
      recipeNumber([square, story], null),
      recipeNumber([square], null),
      recipeNumber([square, story], { filter: 'mono' as FilterName, digest: 'a1b2c3d4' }),
      recipeNumber([square, story], { filter: 'mono' as FilterName, digest: '00000000' }),
      recipeNumber([square, story], { filter: 'dusk' as FilterName, digest: 'a1b2c3d4' }),
      recipeNumber([square, { ...story, name: 'stories' }], null),
      recipeNumber([square, { ...story, upload: ['jpeg', 'avif'], after: [] }], null),
      recipeNumber([square, { ...story, hdr: true }], null),
      recipeNumber([{ ...square, height: 301 } as Preset, story], null),
    ]

    expect(new Set(numbers).size).toBe(numbers.length)
  })

  test('and the digests of renditions do not follow the name of a preset, which their keys have', () => {
    const digestOf = (preset: Preset) => recipeDigest({ preset, format: 'jpeg', look: null, edition: 0 })

    expect(digestOf(story)).toMatch(/^[0-9a-f]{8}$/)
    expect(digestOf({ ...story, name: 'stories' })).toBe(digestOf(story))
    expect(digestOf({ ...story, hdr: true })).not.toBe(digestOf(story))
  })
})

describe("an operator's presets", () => {
  test('are what photos are made in, and what the API tells, as a file that could be theirs', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'presets.json')
    await writeFile(path, JSON.stringify({ presets: [SQUARE, { ...STORY, upload: ['jpeg', 'webp'] }] }))
    await using service = await startService({ PRESETS_FILE: path })
    await using _work = service.work()

    const { renditions } = await uploadReady(service)
    const told = await (await fetch(`${service.url}/v1/presets`)).json()

    const names = renditions.map(({ preset, format }) => `${preset}.${format}`)
    expect(names.toSorted()).toEqual(['square.jpeg', 'story.jpeg', 'story.webp'])
    expect(parsePresets(told, 'told')).toEqual(service.presets)
  })

  test('are checked by the doctor', async () => {
    await using folder = await temporaryFolder()
    await writeFile(
      join(folder.path, 'presets.json'),
      JSON.stringify({ presets: [{ ...SQUARE, width: -1 }] }),
    )

    const { stdout, code } = await runDarkroom(['doctor'], { DARKROOM_HOME: folder.path, PORT: '1' })

    expect(code).toBe(1)
    expect(stdout).toMatch(/BAD {2}presets .*presets\.json are wrong:\n.*preset 1 \(square\): "width"/)
  })
})

test('renditions of a preset that is gone stay in replies until they are made anew', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'presets.json')
  await writeFile(path, JSON.stringify({ presets: [SQUARE, STORY] }))
  await using service = await startService({ PRESETS_FILE: path })
  await using _work = service.work()
  const { id } = await uploadReady(service)

  await writeFile(path, JSON.stringify({ presets: [SQUARE] }))
  const { home: DARKROOM_HOME } = service.config
  await using later = await startService({
    DARKROOM_HOME,
    DATABASE_URL: service.database.url,
    PRESETS_FILE: path,
  })
  const headers = await authorization(service)
  const photo = (await (await fetch(`${later.url}/v1/photos/${id}`, { headers })).json()) as PhotoReply

  expect(later.presets.map(({ name }) => name)).toEqual(['square'])
  expect(photo.renditions.map(({ preset }) => preset).toSorted()).toEqual(['square', 'story'])
  const reply = await fetch(`${later.url}/v1/photos/${id}?presets=story`, { headers })
  expect(((await reply.json()) as PhotoReply).renditions.map(({ preset }) => preset)).toEqual(['story'])
  for (const { url } of photo.renditions) expect((await fetch(url)).status).toBe(200)
})

async function temporaryFolder() {
  return await mkdtempDisposable(join(tmpdir(), 'darkroom-presets-'))
}
