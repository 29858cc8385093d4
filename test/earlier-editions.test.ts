import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { openTestDatabase } from './support/database.ts'
import { MADE, readyPhoto } from './support/photo-steps.ts'

let opened: AsyncDisposableStack
let catalog: Catalog

beforeAll(async () => {
  opened = new AsyncDisposableStack()
  const { url } = opened.use(await openTestDatabase())
  catalog = new Catalog(opened.use(new ShardMap(allShardsAt(url), { connections: 5 })))
})
afterAll(async () => await opened.disposeAsync())

const MONTH_MS = 31 * 86_400_000
const RUN = { run: 1, keepSeconds: 60 }
const UNDO = { run: 1, by: 2, keepSeconds: 60 }

const made = (digest: string, recipe = 1) => ({
  ...MADE,
  recipe,
  renditions: [{ ...MADE.renditions[0], digest }],
})
const later = (digest: string, recipe = 1) => ({
  recipe,
  renditions: [{ ...MADE.renditions[0], format: 'avif' as const, digest }],
})

const find = async (id: PhotoId) => (await catalog.photos.find(id)) as Photo
const digestsOf = ({ renditions }: Photo) => renditions.map(({ digest }) => digest)

/** Makes the photo anew as a run does; `again` is what a job does that is done twice. */
async function remake(id: PhotoId, digest: string) {
  const [claimed] = await catalog.remakes.claim([id])
  const photo = await find(id)
  const { facts, recipe, renditions } = made(digest)
  const remade = { facts, recipe, upload: renditions, later: [], put: renditions, difference: null }
  const again = async () => await catalog.remakes.show(photo, claimed?.edition ?? 0, remade, RUN)
  expect(await again()).toBe(true)
  return { again }
}

/** What is to be deleted of the photo when all of it is due. */
async function dueOf(id: PhotoId): Promise<string[]> {
  const doomed = await catalog.renditions.doom(new Date(Date.now() + MONTH_MS), 100)
  return doomed
    .filter((one) => one.id === id)
    .flatMap(({ renditions }) => renditions.map(({ digest }) => digest))
}

describe('a rollback shows a photo exactly as it was, and what jobs made beside that goes,', () => {
  test('when its first job is done again by other recipes', async () => {
    const id = await readyPhoto(catalog, 'alice' as OwnerId)
    const before = await find(id)
    await remake(id, '000000aa')
    await catalog.renditions.record(before, { look: null, edition: 0 }, made('000000bb', 2))

    expect(await catalog.aside.showAgain([id], UNDO)).toEqual([id])

    expect(await find(id)).toEqual(before)
    expect(await dueOf(id)).toEqual(expect.arrayContaining(['000000aa', '000000bb']))
  })

  test('when its first job had been done again by other recipes before', async () => {
    const id = await readyPhoto(catalog, 'alice' as OwnerId)
    await catalog.renditions.record(await find(id), { look: null, edition: 0 }, made('000000bb', 2))
    const before = await find(id)
    await remake(id, '000000aa')

    expect(await catalog.aside.showAgain([id], UNDO)).toEqual([id])

    expect(await find(id)).toEqual(before)
    expect(digestsOf(before)).toEqual(['000000bb'])
    expect(await dueOf(id)).toEqual(expect.arrayContaining(['000000aa', '00000001']))
  })

  test('when what is made after it is shown is made again by other recipes', async () => {
    const id = await readyPhoto(catalog, 'alice' as OwnerId)
    const original = { look: null, edition: 0 }
    await catalog.renditions.recordLater(await find(id), original, later('000000cc'))
    const before = await find(id)
    await remake(id, '000000aa')
    await catalog.renditions.recordLater(before, original, later('000000dd', 2))

    expect(await catalog.aside.showAgain([id], UNDO)).toEqual([id])

    expect(await find(id)).toEqual(before)
    expect(await dueOf(id)).toEqual(expect.arrayContaining(['000000aa', '000000dd']))
  })

  test('with what is made after it is shown, which a run had overtaken', async () => {
    const id = await readyPhoto(catalog, 'alice' as OwnerId)
    const before = await find(id)
    await remake(id, '000000aa')
    await catalog.renditions.recordLater(before, { look: null, edition: 0 }, later('000000cc'))

    expect(await catalog.aside.showAgain([id], UNDO)).toEqual([id])

    expect(digestsOf(await find(id))).toEqual(['000000cc', '00000001'])
  })

  test('when the job of the run is done again after it, and the rollback itself is rolled back', async () => {
    const id = await readyPhoto(catalog, 'alice' as OwnerId)
    const { again } = await remake(id, '000000aa')
    const remade = await find(id)
    await catalog.aside.showAgain([id], UNDO)
    expect(await again()).toBe(false)

    expect(await catalog.aside.showAgain([id], { run: 2, by: 3, keepSeconds: 60 })).toEqual([id])

    expect(await find(id)).toEqual(remade)
  })
})
