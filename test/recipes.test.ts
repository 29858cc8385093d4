import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import type { Look } from '../src/photo/look/look.ts'
import type { Place } from '../src/photo/object-keys.ts'
import type { Photo, Rendition } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Preset } from '../src/photo/presets.ts'
import { recipeNumbers } from '../src/photo/recipe.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { builtInPresets } from '../src/presets/built-in-presets.ts'
import { openTestDatabase } from './support/database.ts'
import { insertPhoto } from './support/photos.ts'
import { fixture } from './support/pictures.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

const owner = 'alice' as OwnerId
const mono: Look = { filter: 'mono' as FilterName, strength: 1 }
const dusk: Look = { filter: 'dusk' as FilterName, strength: 1 }
const facts = { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' }
const madeAs = (digest: string, format: Rendition['format'] = 'jpeg'): Rendition[] => [
  { preset: 'feed', format, digest, width: 4, height: 3, bytes: 12 },
]
const first = { facts, renditions: madeAs('00000001') }
const later = { renditions: madeAs('00000002', 'avif') }

async function openCatalog(): Promise<AsyncDisposable & { catalog: Catalog; newPhoto(): Promise<Photo> }> {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openTestDatabase())
  const map = opened.use(new ShardMap(allShardsAt(database.url), { connections: 2 }))
  const catalog = new Catalog(map)
  const owned = opened.move()
  return {
    catalog,
    newPhoto: async () => (await catalog.photos.find(await insertPhoto(catalog, owner))) as Photo,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

const recipeOf = async ({ photos }: Catalog, { id }: Pick<Place, 'id'>) => (await photos.find(id))?.recipe
const laterOf = async ({ photos }: Catalog, { id }: Pick<Place, 'id'>) =>
  (await photos.find(id))?.renditions.filter(({ format }) => format === 'avif').length

describe('the recipes of a photo', () => {
  test('are those that all of its renditions were made by', async () => {
    await using opened = await openCatalog()
    const { catalog, newPhoto } = opened
    const photo = await newPhoto()

    await catalog.renditions.record(photo, photo, { ...first, recipe: 1 })
    const ready = await recipeOf(catalog, photo)
    await catalog.renditions.recordLater(photo, photo, { ...later, recipe: 1 })

    expect([ready, await recipeOf(catalog, photo)]).toEqual([1, 1])
  })

  test('are none when a worker of another time made what follows', async () => {
    await using opened = await openCatalog()
    const { catalog, newPhoto } = opened
    const photo = await newPhoto()
    await catalog.renditions.record(photo, photo, { ...first, recipe: 2 })

    await catalog.renditions.recordLater(photo, photo, { ...later, recipe: 1 })

    expect(await recipeOf(catalog, photo)).toBeNull()
  })

  test('are none when it has to go without what they ask for', async () => {
    await using opened = await openCatalog()
    const { catalog, newPhoto } = opened
    const photo = await newPhoto()
    await catalog.renditions.record(photo, photo, { ...first, recipe: 1 })

    await catalog.renditions.giveUpLater(photo.id, 0)

    expect(await recipeOf(catalog, photo)).toBeNull()
  })

  test('that give the same files first may ask for others later: these are made anew', async () => {
    await using opened = await openCatalog()
    const { catalog, newPhoto } = opened
    const photo = await newPhoto()
    await catalog.renditions.record(photo, photo, { ...first, recipe: 1 })
    await catalog.renditions.recordLater(photo, photo, { ...later, recipe: 1 })

    await catalog.renditions.record(photo, photo, { ...first, recipe: 1 })
    const again = await laterOf(catalog, photo)
    await catalog.renditions.record(photo, photo, { ...first, recipe: 2 })

    expect(again).toBe(1)
    expect(await laterOf(catalog, photo)).toBe(0)
    // What nobody sees any more is deleted in its time.
    const kept = (await catalog.objects.ofPhotos([photo.id])).get(photo.id)?.renditions ?? []
    expect(kept.filter(({ isShown }) => !isShown)).toMatchObject([...first.renditions, ...later.renditions])
  })

  test('are those of the edition that is shown, also when it is shown again', async () => {
    await using opened = await openCatalog()
    const { catalog, newPhoto } = opened
    const photo = await newPhoto()
    const change = async (look: Look | null) => {
      const edition = (await catalog.looks.want(photo.id, owner, { look })) as number
      return { look, edition, focus: null }
    }
    await catalog.renditions.record(photo, photo, { ...first, recipe: 1 })
    await catalog.looks.show(photo, await change(mono), { ...first, recipe: 2 })
    const inMono = await recipeOf(catalog, photo)

    const earlier = await Promise.all([1, 3].map((recipe) => catalog.looks.earlier(photo.id, null, recipe)))
    await catalog.looks.showEarlier(photo, await change(null), { edition: 0 }, facts)

    expect(inMono).toBe(2)
    expect(earlier).toEqual([[{ edition: 0, renditions: first.renditions }], []])
    expect(await recipeOf(catalog, photo)).toBe(1)
  })

  test('are of what was shown last of an edition that was made twice: the other is only deleted', async () => {
    await using opened = await openCatalog()
    const { catalog, newPhoto } = opened
    const photo = await newPhoto()
    await catalog.renditions.record(photo, photo, { ...first, recipe: 1 })
    await catalog.renditions.record(photo, photo, { facts, renditions: madeAs('00000003'), recipe: 2 })
    const edition = (await catalog.looks.want(photo.id, owner, { look: mono })) as number
    await catalog.looks.show(photo, { look: mono, edition, focus: null }, { ...first, recipe: 2 })

    const earlier = await Promise.all([1, 2].map((recipe) => catalog.looks.earlier(photo.id, null, recipe)))
    expect(earlier).toEqual([[], [{ edition: 0, renditions: madeAs('00000003') }]])
  })
})

describe("today's recipes", () => {
  const presets = builtInPresets()
  const filters = [
    { filter: mono.filter, digest: 'a1b2c3d4' },
    { filter: dusk.filter, digest: 'e5f60718' },
  ]

  test('are one without a look and one for each filter', () => {
    expect(new Set(recipeNumbers(presets, filters)).size).toBe(3)
  })

  test('of two filters that change places are both others', () => {
    const [a, b] = filters as [(typeof filters)[0], (typeof filters)[0]]
    const swapped = [
      { ...a, digest: b.digest },
      { ...b, digest: a.digest },
    ]

    const [plain, ...before] = recipeNumbers(presets, filters)
    const after = recipeNumbers(presets, swapped)

    expect(after).toContain(plain)
    for (const number of before) expect(after).not.toContain(number)
  })

  test('are all others with another preset, box, format, or time', () => {
    const [preset, ...others] = presets as [Preset, ...Preset[]]
    const today = new Set(recipeNumbers(presets, filters))
    const changed: Preset[][] = [
      others,
      [{ ...preset, width: 500 } as Preset, ...others],
      [{ ...preset, after: ['avif'] }, ...others],
      [{ ...preset, upload: ['jpeg', 'avif'] }, ...others],
    ]

    for (const each of changed)
      expect(recipeNumbers(each, filters).filter((number) => today.has(number))).toEqual([])
  })

  test('made a look: it is not shown again when they ask for more by now', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'darkroom-recipes-'))
    const path = join(folder.path, 'presets.json')
    const write = async (after: string[]) =>
      await writeFile(
        path,
        JSON.stringify({
          presets: [{ name: 'feed', fit: 'inside', width: 300, upload: ['jpeg'], after }],
        }),
      )
    await write([])
    await using service = await startService({ PRESETS_FILE: path })
    const headers = await authorization(service)
    const { id } = await (async () => {
      await using _work = service.work({ withAvif: true })
      const photo = await uploaded(service)
      await wearing(service.url, headers, photo.id, { filter: 'mono' })
      return photo
    })()
    await write(['avif'])
    await using today = await startService({
      DARKROOM_HOME: service.config.home,
      DATABASE_URL: service.database.url,
      PRESETS_FILE: path,
    })
    await using _work = today.work({ withAvif: true })

    await wearing(today.url, headers, id, null)
    await expect.poll(async () => await laterOf(today.catalog, { id: id as PhotoId })).toBe(1)

    const numbers = recipeNumbers(today.presets, today.filters.digests)
    expect(numbers).toContain(await recipeOf(today.catalog, { id: id as PhotoId }))
  })
})

async function uploaded(service: TestService): Promise<PhotoReply> {
  const form = photoForm(await fixture('plain.jpg'))
  return (await (await postForm(service, form, { prefer: 'wait=60' })).json()) as PhotoReply
}

async function wearing(
  url: string,
  headers: Record<string, string>,
  id: string,
  look: { filter: string } | null,
): Promise<void> {
  const reply = await fetch(`${url}/v1/photos/${id}/filter`, {
    method: look ? 'PUT' : 'DELETE',
    headers: {
      ...headers,
      prefer: 'wait=60',
      ...(look && { 'content-type': 'application/json' }),
    },
    ...(look && { body: JSON.stringify(look) }),
  })
  expect(await reply.json()).toMatchObject({ status: 'ready', filter: look?.filter ?? null })
}
