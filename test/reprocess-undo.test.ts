import { describe, expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { originalKey, renditionKey } from '../src/photo/object-keys.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { startRetry, startSequel } from '../src/reprocess/sequels.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import { replaceOriginal } from './support/originals.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { complete, noneTakesRuns, startReprocess } from './support/reprocess.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const MINUTES = 60_000
const DAY_MS = 86_400_000
const owner = 'alice' as OwnerId
const all = { state: 'all' } as const

async function uploadAll(service: TestService, count: number): Promise<PhotoId[]> {
  await using _work = service.work()
  const ids: PhotoId[] = []
  for (let n = 0; n < count; n++) {
    const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=30' })
    ids.push(((await reply.json()) as PhotoReply).id as PhotoId)
  }
  // Else the worker of a run would give them what this one has not given up yet.
  await expect
    .poll(async () => (await service.catalog.renditions.areWithoutLater(ids)).some((each) => each.isWithout))
    .toBe(false)
  return ids
}

const find = async ({ catalog }: TestService, id: PhotoId) => (await catalog.photos.find(id)) as Photo
const tear = async ({ store }: TestService, id: PhotoId) => await replaceOriginal(store, id)
async function missing({ store }: TestService, photo: Photo): Promise<string[]> {
  const keys = photo.renditions.map((rendition) => renditionKey(photo, rendition))
  const found = await Promise.all(keys.map(async (key) => ((await store.head(key)) ? [] : [key])))
  return found.flat()
}

describe('a run that made photos anew', { timeout: 3 * MINUTES }, () => {
  test('is rolled back: each photo is as it was, but for those that were changed since; and that can be rolled back', async () => {
    await using service = await startService()
    const [id, changed, removed] = (await uploadAll(service, 3)) as [PhotoId, PhotoId, PhotoId]
    const then = await find(service, id)
    const run = await startReprocess(service, all)
    await complete(service, run)
    const made = await find(service, id)
    const look = { filter: 'mono' as FilterName, strength: 1 }
    const edition = (await service.catalog.looks.want(changed, owner, { look })) as number
    await service.queue.enqueue({ kind: 'filter', photoId: changed, edition })
    await service.catalog.removals.remove(removed, owner)

    const back = await startSequel(service.catalog, 'rollback', run)
    const report = await complete(service, back)

    expect(report).toMatchObject({ selected: 3, done: 1, skipped: 2, failed: 0, left: 0 })
    expect(await find(service, id)).toEqual(then)
    expect(await missing(service, then)).toEqual([])
    const again = await startSequel(service.catalog, 'rollback', back)
    expect(await complete(service, again)).toMatchObject({ selected: 1, done: 1 })
    expect(await find(service, id)).toEqual(made)
  })

  test('leaves ready what had failed before it, and says of how many that is so', async () => {
    await using service = await startService()
    const [id] = (await uploadAll(service, 1)) as [PhotoId]
    await service.database.query(
      `update photos set status = 'failed', failure_code = 'x', failure_message = 'x', width = null, height = null,
         color = null, thumbhash = null, renditions = null, later_renditions = null, recipe = null where id = ${id}`,
    )
    const run = await startReprocess(service, { state: 'failed' })
    const mended = await complete(service, run)

    const back = await complete(service, await startSequel(service.catalog, 'rollback', run))

    expect(mended).toMatchObject({ done: 1, costs: { mended: 1 } })
    expect(back).toMatchObject({ selected: 0, selection: { stayReady: 1 } })
    expect((await find(service, id)).status).toBe('ready')
  })

  test('is finished: what was shown before goes as soon as no URL of it can be valid', async () => {
    await using service = await startService()
    const [id] = (await uploadAll(service, 1)) as [PhotoId]
    const then = await find(service, id)
    const run = await startReprocess(service, all, { work: { keepSeconds: 60 * 86_400 } })
    await complete(service, run)
    const inThreeDays = new Date(Date.now() + 3 * DAY_MS)
    await sweepRenditions(service, silentLog, inThreeDays)
    const kept = await missing(service, then)

    const report = await complete(service, await startSequel(service.catalog, 'finish', run))
    await sweepRenditions(service, silentLog, new Date())
    const atOnce = await missing(service, then)
    await sweepRenditions(service, silentLog, inThreeDays)

    expect(report).toMatchObject({ selected: 1, done: 1 })
    expect([kept, atOnce]).toEqual([[], []])
    expect(await missing(service, then)).toHaveLength(then.renditions.length)
    expect(await missing(service, await find(service, id))).toEqual([])
    const none = await startSequel(service.catalog, 'rollback', run)
    expect(await complete(service, none)).toMatchObject({ selected: 0 })
  })

  test('is verified: objects in the store, and renditions from the edge', async () => {
    await using service = await startService()
    const [first, second] = (await uploadAll(service, 2)) as [PhotoId, PhotoId]
    const run = await startReprocess(service, all)
    await complete(service, run)
    const good = await complete(service, await startSequel(service.catalog, 'verify', run))
    const photo = await find(service, second)
    const key = renditionKey(photo, photo.renditions[0] as Photo['renditions'][number])
    await service.store.delete([key])

    const verify = await startSequel(service.catalog, 'verify', run)
    const bad = await complete(service, verify)

    expect(good).toMatchObject({ selected: 2, done: 2, failed: 0 })
    expect(bad).toMatchObject({ selected: 2, done: 1, failed: 1 })
    const failures = await service.catalog.runFailures.page(verify, { code: null, after: null, limit: 9 })
    expect(failures).toMatchObject([{ photoId: second, code: 'object_missing' }])
    expect(failures[0]?.message).toContain(key)
    expect(await find(service, first)).toMatchObject({ status: 'ready' })
  })

  test('is refused a sequel while it goes on, and one that makes no sense', async () => {
    await using service = await startService()
    using _none = noneTakesRuns()
    const run = await startReprocess(service, all)
    const other = await service.catalog.runs.start({ kind: 'lost jobs', selection: {}, slices: [{}] })

    await expect(startSequel(service.catalog, 'rollback', run)).rejects.toThrow(`Run ${run} is running`)
    await expect(startSequel(service.catalog, 'finish', other)).rejects.toThrow(/nothing to finish/)
    const imported = await service.catalog.runs.start({ kind: 'import', selection: {}, slices: [{}] })
    await expect(startRetry(service.catalog, imported, null)).rejects.toThrow(
      /is an import\. .* `darkroom import` again/,
    )
    await expect(startRetry(service.catalog, 999, null)).rejects.toThrow('There is no run 999')
  })

  test('is tried again for what failed in it alone, when that is mended', async () => {
    await using service = await startService()
    const [torn, good] = (await uploadAll(service, 2)) as [PhotoId, PhotoId]
    const original = await service.store.read(originalKey(torn, 'jpeg'))
    await tear(service, torn)
    const run = await startReprocess(service, all)
    expect(await complete(service, run)).toMatchObject({ done: 1, failed: 1 })
    await replaceOriginal(service.store, torn, original)
    const made = await find(service, good)

    const retry = (await startRetry(service.catalog, run, 'corrupt_photo')) as number
    const report = await complete(service, retry)

    expect(report).toMatchObject({ selected: 1, done: 1, failed: 0 })
    expect(await find(service, good)).toEqual(made)
    expect(await startRetry(service.catalog, run, 'other')).toBeNull()
  })

  test('stops when more failed than may, and what was made stays', async () => {
    await using service = await startService()
    const ids = await uploadAll(service, 40)
    for (const id of ids.slice(10)) await tear(service, id)

    const run = await startReprocess(service, { ...all, newestFirst: false }, { brakes: { maxFailures: 10 } })
    const report = await complete(service, run, 'stopped')

    expect(report.reason).toMatch(/photos failed, which is more than 10 %/)
    expect(report.failed).toBeGreaterThan(0)
    expect(report.done + report.skipped + report.failed + report.left).toBe(report.selected)
  })
})

test('the run of photos of the size of a thumbnail takes them as they are', async () => {
  const tiny = await noisyJpeg({ width: 3, height: 2 })
  await using service = await startService()
  const id = await (async () => {
    await using _work = service.work()
    const reply = await postForm(service, photoForm(tiny), { prefer: 'wait=30' })
    return ((await reply.json()) as PhotoReply).id as PhotoId
  })()

  const report = await complete(service, await startReprocess(service, all))

  expect(report).toMatchObject({ selected: 1, done: 1 })
  expect((await find(service, id)).renditions.length).toBeGreaterThan(0)
})
