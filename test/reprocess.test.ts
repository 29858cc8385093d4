import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { originalKey, renditionKey, renditionsPrefix } from '../src/photo/object-keys.ts'
import type { Photo, Rendition } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import { replaceOriginal } from './support/originals.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { complete, feed, startReprocess } from './support/reprocess.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const PATIENCE = { timeout: 2 * MINUTES, interval: 50 }
const owner = 'alice' as OwnerId

const small = { name: 'small', fit: 'inside', width: 200, upload: ['jpeg'] }
const wide = { name: 'feed', fit: 'inside', width: 300, upload: ['jpeg'], after: ['avif'] }

type World = AsyncDisposable & {
  /** The service with the presets of today. */
  today(presets: readonly object[]): Promise<TestService>
}

/** Services that share a home and a database, one after the other, with other presets each. */
async function openWorld(): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(await mkdtempDisposable(join(tmpdir(), 'darkroom-reprocess-')))
  let first: TestService | null = null
  const owned = opened.move()
  return {
    today: async (presets) => {
      const path = join(folder.path, 'presets.json')
      await writeFile(path, JSON.stringify({ presets }))
      const shared = first && { DARKROOM_HOME: first.config.home, DATABASE_URL: first.database.url }
      const service = owned.use(await startService({ PRESETS_FILE: path, ...shared }))
      first ??= service
      return service
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

async function upload(service: TestService, file = 'plain.jpg', fields = {}): Promise<PhotoId> {
  await using _work = service.work({ withAvif: true })
  const reply = await postForm(service, photoForm(await fixture(file), fields), { prefer: 'wait=30' })
  const { id, status } = (await reply.json()) as PhotoReply
  expect(status).toBe('ready')
  await expect
    .poll(
      async () => (await service.catalog.renditions.areWithoutLater([id as PhotoId]))[0]?.isWithout,
      PATIENCE,
    )
    .toBe(false)
  return id as PhotoId
}

const find = async ({ catalog }: TestService, id: PhotoId) => (await catalog.photos.find(id)) as Photo
const names = ({ renditions }: Pick<Photo, 'renditions'>) =>
  renditions.map(({ preset, format }) => `${preset} ${format}`).toSorted()
/** Presets that come out alike share an object. */
const objectsOf = (photo: Photo) =>
  new Map(photo.renditions.map((each) => [renditionKey(photo, each), each.bytes]))
const bytesOf = (photo: Photo) => [...objectsOf(photo).values()].reduce((sum, bytes) => sum + bytes, 0)
const isStored = async ({ store }: TestService, photo: Photo, rendition: Rendition) =>
  (await store.head(renditionKey(photo, rendition))) !== null
async function expectStored(service: TestService, photo: Photo): Promise<void> {
  for (const rendition of photo.renditions) expect(await isStored(service, photo, rendition)).toBe(true)
}

describe('a photo that is reprocessed', { timeout: 3 * MINUTES }, () => {
  test("gets what today's presets ask for, keeps what is of today, and loses what they do not have", async () => {
    await using world = await openWorld()
    const before = await world.today([small, { ...wide, name: 'old' }])
    const id = await upload(before)
    const then = await find(before, id)
    const service = await world.today([small, wide])

    const report = await complete(service, await startReprocess(service))

    expect(report).toMatchObject({ selected: 1, done: 1, skipped: 0, failed: 0, left: 0 })
    const now = await find(service, id)
    expect(names(now)).toEqual(['feed avif', 'feed jpeg', 'small jpeg'])
    expect(now.edition).toBeGreaterThan(then.edition)
    const ofSmall = ({ renditions }: Photo) => renditions.find(({ preset }) => preset === 'small')
    expect(ofSmall(now)).toEqual(ofSmall(then))
    await expectStored(service, now)
    await expectStored(service, then)
    expect(await complete(service, await startReprocess(service))).toMatchObject({ selected: 0 })
  })

  test('has other keys when all of it is made, and those before stay for as long as they are kept', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const id = await upload(service)
    const then = await find(service, id)

    const report = await complete(service, await startReprocess(service, { state: 'all' }))

    expect(report).toMatchObject({ selected: 1, done: 1 })
    const now = await find(service, id)
    expect(report.costs).toMatchObject({
      made: 1,
      mended: 0,
      puts: objectsOf(now).size,
      putBytes: bytesOf(now),
      bytesBefore: bytesOf(then),
      bytesAfter: bytesOf(now),
    })
    expect(report.costs.cpuMs).toBeGreaterThan(0)
    expect(names(now)).toEqual(names(then))
    const digests = new Set(then.renditions.map(({ digest }) => digest))
    expect(now.renditions.filter(({ digest }) => digests.has(digest))).toEqual([])
    await sweepRenditions(service, silentLog, new Date(Date.now() + 6 * 86_400_000))
    await expectStored(service, then)
    await sweepRenditions(service, silentLog, new Date(Date.now() + 8 * 86_400_000))
    for (const rendition of then.renditions) expect(await isStored(service, then, rendition)).toBe(false)
    await expectStored(service, now)
  })

  test('shares what it kept with its earlier edition, and loses none of it when that is deleted', async () => {
    await using world = await openWorld()
    const before = await world.today([small])
    const id = await upload(before)
    const service = await world.today([small, wide])
    await complete(service, await startReprocess(service))
    await complete(service, await startReprocess(service, { state: 'all' }, { work: { presets: ['feed'] } }))

    await sweepRenditions(service, silentLog, new Date(Date.now() + 30 * 86_400_000))

    const now = await find(service, id)
    expect(names(now)).toEqual(['feed avif', 'feed jpeg', 'small jpeg'])
    await expectStored(service, now)
  })

  test('keeps its look, its focus and its owner', async () => {
    await using world = await openWorld()
    const before = await world.today([small])
    const id = await upload(before, 'plain.jpg', { filter: 'mono', focus: '0.2,0.3' })
    const service = await world.today([small, wide])

    await complete(service, await startReprocess(service))

    const look = { filter: 'mono' as FilterName, strength: 1 }
    const now = await find(service, id)
    expect(now).toMatchObject({ look, focus: { x: 0.2, y: 0.3 }, status: 'ready' })
    expect(now.wanted).toBeNull()
    expect(await complete(service, await startReprocess(service))).toMatchObject({ selected: 0 })
  })

  test('of only some presets and formats keeps all others as they are', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const id = await upload(service)
    const then = await find(service, id)

    await complete(
      service,
      await startReprocess(service, { state: 'all' }, { work: { presets: ['feed'], formats: ['jpeg'] } }),
    )

    const now = await find(service, id)
    const others = ({ renditions }: Photo) =>
      renditions.filter(({ preset, format }) => !(preset === 'feed' && format === 'jpeg'))
    expect(names(now)).toEqual(names(then))
    expect(others(now)).toEqual(others(then))
    expect(now.renditions).not.toEqual(then.renditions)
  })

  test('of what is missing keeps what is of earlier recipes', async () => {
    await using world = await openWorld()
    const before = await world.today([small])
    const id = await upload(before)
    const then = await find(before, id)
    const service = await world.today([{ ...small, width: 100 }, wide])

    await complete(service, await startReprocess(service, { state: 'missing' }))
    const filled = await find(service, id)
    const again = await complete(service, await startReprocess(service))

    expect(filled.renditions).toEqual(expect.arrayContaining([...then.renditions]))
    expect(names(filled)).toEqual(['feed avif', 'feed jpeg', 'small jpeg'])
    expect(again).toMatchObject({ selected: 1, done: 1 })
    expect((await find(service, id)).renditions.find(({ preset }) => preset === 'small')?.width).toBe(100)
  })

  test('becomes ready when it had failed and can be made now', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const id = await upload(service)
    await service.database.query(
      `update photos set status = 'failed', failure_code = 'corrupt_photo', failure_message = 'x', renditions = null,
         later_renditions = null, recipe = null where id = ${id}`,
    )

    const none = await complete(service, await startReprocess(service))
    const report = await complete(service, await startReprocess(service, { state: 'failed' }))

    expect(none).toMatchObject({ selected: 0 })
    expect(report).toMatchObject({ selected: 1, done: 1 })
    const now = await find(service, id)
    expect(now).toMatchObject({ status: 'ready', failure: null })
    expect(names(now)).toEqual(['feed avif', 'feed jpeg', 'small jpeg'])
  })

  test('that can not be made keeps what it has, and is a failure with its code', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const [torn, lost] = [await upload(service), await upload(service)]
    const then = await Promise.all([find(service, torn), find(service, lost)])
    await replaceOriginal(service.store, torn)
    await service.store.delete([originalKey(lost, 'jpeg')])

    const run = await startReprocess(service, { state: 'all' })
    const report = await complete(service, run)

    expect(report).toMatchObject({ selected: 2, done: 0, failed: 2, left: 0 })
    expect(await Promise.all([find(service, torn), find(service, lost)])).toEqual(then)
    const failures = await service.catalog.runFailures.page(run, { code: null, after: null, limit: 10 })
    expect(failures.map(({ photoId, code }) => [photoId, code])).toEqual([
      [torn, 'corrupt_photo'],
      [lost, 'original_missing'],
    ])
    expect(failures[0]?.message).toMatch(/damaged/)
  })

  test('that is another picture by now is not shown, unless that is allowed', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const [other, turned, inMono] = [
      await upload(service),
      await upload(service),
      await upload(service, 'plain.jpg', { filter: 'mono' }),
    ]
    const size = (await sharp(await fixture('plain.jpg')).metadata()) as { width: number; height: number }
    const another = await noisyJpeg(size)
    const onItsSide = await sharp(await fixture('plain.jpg'))
      .resize(300, 100, { fit: 'fill' })
      .rotate(90)
      .jpeg()
      .toBuffer()
    for (const [id, original] of [
      [other, another],
      [turned, onItsSide],
      [inMono, another],
    ] as const)
      await replaceOriginal(service.store, id, original)
    const then = await Promise.all([other, turned, inMono].map((id) => find(service, id)))

    const run = await startReprocess(service, { state: 'all' })
    const report = await complete(service, run)

    expect(report).toMatchObject({ selected: 3, done: 0, failed: 3 })
    const failures = await service.catalog.runFailures.page(run, { code: null, after: null, limit: 10 })
    expect(failures.map(({ code }) => code)).toEqual(Array(3).fill('another_picture'))
    expect(await Promise.all([other, turned, inMono].map((id) => find(service, id)))).toEqual(then)
    for (const photo of then)
      expect(await Array.fromAsync(service.store.list(renditionsPrefix(photo)))).toHaveLength(
        new Set(photo.renditions.map((rendition) => renditionKey(photo, rendition))).size,
      )
    const allowed = await startReprocess(
      service,
      { state: 'all', ids: [other] },
      { work: { maxDifference: 100 } },
    )
    expect(await complete(service, allowed)).toMatchObject({ done: 1 })
  })

  test('is skipped when its owner removes it meanwhile', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const id = await upload(service)
    const run = await startReprocess(service, { state: 'all' })
    {
      await using _runs = feed(service)
      await expect.poll(async () => (await service.catalog.runs.find(run)).inFlight, PATIENCE).toBe(1)
    }

    expect(await service.catalog.removals.remove(id, owner)).toBe(true)
    const report = await complete(service, run)

    expect(report).toMatchObject({ selected: 1, done: 0, skipped: 1, failed: 0, left: 0 })
  })

  test('gets the look that its owner asks for meanwhile, whichever is made first', async () => {
    await using world = await openWorld()
    const service = await world.today([small, wide])
    const [asked, made] = [await upload(service), await upload(service)]
    const run = await startReprocess(service, { state: 'all' })
    {
      await using _runs = feed(service)
      await expect.poll(async () => (await service.catalog.runs.find(run)).inFlight, PATIENCE).toBe(2)
    }
    const look = { filter: 'mono' as FilterName, strength: 1 }
    for (const id of [asked, made]) {
      const edition = (await service.catalog.looks.want(id, owner, { look })) as number
      await service.queue.enqueue({ kind: 'filter', photoId: id, edition })
    }

    // The run is complete as soon as it knows that both belong to their owner: their looks may still be under way.
    await using _work = service.work()
    const report = await complete(service, run)

    expect(report).toMatchObject({ selected: 2, done: 0, skipped: 2, failed: 0, left: 0 })
    for (const id of [asked, made]) {
      await expect.poll(async () => (await find(service, id)).wanted, PATIENCE).toBeNull()
      const photo = await find(service, id)
      expect(photo).toMatchObject({ look, wanted: null })
      await expectStored(service, photo)
    }
  })

  test('is made all the same when a server claims it again that has lost its part of the run', async () => {
    await using world = await openWorld()
    const id = await upload(await world.today([small]))
    const service = await world.today([small, wide])
    const run = await startReprocess(service)
    {
      await using _feed = feed(service)
      await expect.poll(async () => (await service.catalog.runs.find(run)).inFlight, PATIENCE).toBe(1)
    }

    // It was held up between reading the page of photos and claiming them, for longer than its lease.
    await service.catalog.remakes.claim([id])

    expect(await complete(service, run)).toMatchObject({ selected: 1, done: 1, skipped: 0 })
    expect(names(await find(service, id))).toContain('feed jpeg')
  })

  test('waits for workers that have the presets of the run', async () => {
    await using world = await openWorld()
    const before = await world.today([small])
    const id = await upload(before)
    const service = await world.today([small, wide])
    const run = await startReprocess(service)
    {
      await using _runs = feed(service)
      await using _work = before.work({ withAvif: true })
      await expect.poll(async () => (await service.queue.counts('batch')).delayed, PATIENCE).toBe(1)
    }
    const waiting = await find(service, id)

    const report = await complete(service, run)

    expect(names(waiting)).toEqual(['small jpeg'])
    expect(report).toMatchObject({ done: 1 })
    expect(names(await find(service, id))).toEqual(['feed avif', 'feed jpeg', 'small jpeg'])
  })

  test('waits no more when its run is cancelled, and holds back none of the next', async () => {
    await using world = await openWorld()
    const before = await world.today([small])
    for (let n = 0; n < 3; n++) await upload(before)
    const cancelled = await startReprocess(before, { state: 'all' })
    const service = await world.today([small, wide])
    const { runs } = service.catalog
    {
      await using _runs = feed(service)
      await using _work = service.work({ withAvif: true })
      await expect.poll(async () => (await service.queue.counts('batch')).delayed, PATIENCE).toBe(3)
      await runs.cancel(cancelled)
      await expect.poll(async () => (await runs.find(cancelled)).holders, PATIENCE).toEqual([])
    }

    const report = await complete(service, await startReprocess(service))

    expect(report).toMatchObject({ selected: 3, done: 3 })
    expect(await runs.find(cancelled)).toMatchObject({ state: 'cancelled', done: 0, failed: 0, left: 3 })
    expect(await service.queue.counts('batch')).toMatchObject({ delayed: 0, waiting: 0, failed: 0 })
  })
})
