import { test as always, describe, expect, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { migrateCatalog } from '../src/catalog/migrate.ts'
import { moveShards } from '../src/catalog/move-shards.ts'
import { ShardMap } from '../src/catalog/shard-map.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import type { FilterName } from '../src/photo/filter.ts'
import {
  KEEPER_KEY,
  originalKey,
  photoIdOfRendition,
  quarantineKey,
  renditionKey,
} from '../src/photo/object-keys.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import type { Lap } from '../src/sweep/lap.ts'
import { SHARDS } from '../src/sweep/stored-shards.ts'
import { type ObjectsReport, sweepObjects, sweepObjectsOn } from '../src/sweep/sweep-objects.ts'
import { filterPhoto } from '../workers/jobs/filter.ts'
import { finishPhoto } from '../workers/jobs/finish.ts'
import { openEmptyDatabase } from './support/database.ts'
import { insertPhoto } from './support/photos.ts'
import { fixture } from './support/pictures.ts'
import { placeOf } from './support/place.ts'
import { startProxy } from './support/proxy.ts'
import { hasS3, NEEDS_S3, openTestBucket } from './support/s3.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { ownersOf } from './support/shard-traffic.ts'
import { authorization, photoForm, postForm } from './support/uploads.ts'

const DAY_MS = 24 * 3_600_000
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS)
const jpeg = { contentType: 'image/jpeg' }
const pixels = Buffer.from('pixels')
const FEED = { preset: 'feed', format: 'webp', digest: '71bca1a2' } as const
const NOTHING = { quarantined: 0, deleted: 0, remade: 0, withoutOriginal: 0, forgotten: 0 }

const sweep = async (service: TestService, days: number, accepted = 0) =>
  await sweepObjects(service, { quarantineDays: 7, now: inDays(days), accepted }, silentLog)

const keysOf = async (service: TestService) =>
  (await Array.fromAsync(service.store.list(''))).filter((key) => key !== KEEPER_KEY)

const put = async (service: TestService, ...keys: string[]) => {
  for (const key of keys) await service.store.put(key, pixels, jpeg)
}

/** Ids of that many photos that were never inserted. */
function strangers(count: number): PhotoId[] {
  const first = BigInt(firstIdAt(new Date('2026-01-01')))
  return Array.from({ length: count }, (_, index) => String(first + (BigInt(index * 7) << 10n)) as PhotoId)
}

async function uploadReady(service: TestService): Promise<PhotoId> {
  await using _worker = service.work()
  const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=30' })
  const photo = (await reply.json()) as PhotoReply
  expect(photo.status).toBe('ready')
  await expect
    .poll(async () =>
      (await service.catalog.objects.ofPhotos([photo.id as PhotoId])).get(photo.id as PhotoId),
    )
    .toMatchObject({ isSettled: true })
  return photo.id as PhotoId
}

const isRendition = (key: string) => photoIdOfRendition(key) !== null

describe.each([
  { engine: 'a disk', test: always, open: async () => await startService() },
  {
    engine: hasS3 ? 'Ceph' : `S3 (${NEEDS_S3})`,
    test: always.skipIf(!hasS3),
    open: async () => {
      const bucket = await openTestBucket()
      const service = await startService({ STORAGE_URL: bucket.url })
      return Object.assign(service, {
        [Symbol.asyncDispose]: disposeBoth(service, bucket),
      })
    },
  },
])('the sweep of objects on $engine', ({ test, open }) => {
  test('moves what no photo has to the quarantine after a day, and deletes it after seven more', async () => {
    await using service = await open()
    const id = await uploadReady(service)
    const kept = await keysOf(service)
    const [ofUpload, ofPurged] = strangers(2) as [PhotoId, PhotoId]
    const strays = [
      originalKey(ofUpload, 'jpeg'),
      renditionKey(placeOf(ofPurged), FEED),
      // A worker was killed between put and record.
      renditionKey(placeOf(id), FEED),
    ]
    await put(service, ...strays)

    expect(await sweep(service, 0.5)).toEqual(NOTHING)
    expect(await sweep(service, 1.5)).toEqual({ ...NOTHING, quarantined: 3 })
    expect(await keysOf(service)).toEqual([...kept, ...strays.map(quarantineKey)].sort())
    expect(await sweep(service, 6.5)).toEqual(NOTHING)
    expect(await sweep(service, 7.5)).toEqual({ ...NOTHING, deleted: 3 })
    expect(await keysOf(service)).toEqual(kept)
  })

  test('never touches keys that this project could not have written', async () => {
    await using service = await open()
    const foreign = [
      'originals/2023/12345.jpg',
      'originals/notes.txt',
      'renditions/3/42/feed-00000000.jpg',
      'public/3/42-k3J9sQ2x0aE/feed-00000000.jpg',
      'quarantine/originals/2023/12345.jpg',
      'quarantine/notes.txt',
      'backup/1.jpg',
    ]
    await put(service, ...foreign)

    expect([await sweep(service, 2, 100), await sweep(service, 400, 100)]).toEqual([NOTHING, NOTHING])
    expect(await keysOf(service)).toEqual(foreign.sort())
  })

  test('stops with one line when too much is unknown, as with an older database, and touches nothing', async () => {
    await using service = await open()
    await uploadReady(service)
    await put(service, ...strangers(30).map((id) => originalKey(id, 'jpeg')))
    const before = await keysOf(service)

    await expect(sweep(service, 2)).rejects.toThrow(/does not know 30 of the 31 photos.*--accept 30/)
    expect(await keysOf(service)).toEqual(before)
    expect(await sweep(service, 2, 30)).toEqual({ ...NOTHING, quarantined: 30 })
  })

  test('keeps a complete photo without a row for ever, and tells of it at once: the catalog has lost it', async () => {
    await using service = await open()
    const id = await uploadReady(service)
    await service.database.query(`delete from photos where id = ${id}`)
    const before = await keysOf(service)

    for (const days of [0, 2, 100]) expect(await sweep(service, days)).toEqual({ ...NOTHING, forgotten: 1 })

    expect(await keysOf(service)).toEqual(before)
  })

  test('stops when the database was restored as it was a few hours ago, without the photos since', async () => {
    await using service = await open()
    const today = Array.from(
      { length: 30 },
      (_, index) => String(BigInt(firstIdAt(inDays(-0.1))) + (BigInt(index * 7) << 10n)) as PhotoId,
    )
    for (const id of today) await put(service, originalKey(id, 'jpeg'), renditionKey(placeOf(id), FEED))

    await expect(sweep(service, 0)).rejects.toThrow(/does not know 30 of the 30 photos.*30 are complete/)
  })

  test('moves back what a photo turns up for, also when it has waited for long', async () => {
    await using service = await open()
    const id = await uploadReady(service)
    const original = originalKey(id, 'jpeg')
    const rendition = (await keysOf(service)).find(isRendition) as string
    const before = await keysOf(service)
    for (const key of [original, rendition]) await service.store.move(key, quarantineKey(key))

    expect(await sweep(service, 100)).toEqual(NOTHING)
    expect(await keysOf(service)).toEqual(before)
  })

  test('makes renditions again that are recorded but not there', async () => {
    await using service = await open()
    await uploadReady(service)
    const before = await keysOf(service)
    const renditions = before.filter(isRendition)
    await service.store.delete(renditions.slice(0, 2))

    expect(await sweep(service, 0)).toEqual({ ...NOTHING, remade: 2 })
    await using _worker = service.work()

    await expect.poll(async () => await keysOf(service)).toEqual(before)
  })
})

describe('a lap of the sweep', () => {
  always('takes a day, goes on where it stopped, and finds what one go finds', async () => {
    await using service = await startService()
    await put(service, ...strangers(15).map((id) => originalKey(id, 'jpeg')))
    // Young by the store's clock until two days from now.
    const start = inDays(2)
    let kept: Lap | null = null
    const steps: number[] = []
    for (let minute = 0; minute <= 24 * 60; minute += 15) {
      const now = new Date(start.getTime() + minute * 60_000)
      const options = { quarantineDays: 7, accepted: 15, now, isPaced: true }
      const cursors = await Array.fromAsync(
        sweepObjectsOn(service, kept, options, silentLog),
        ({ cursor }) => cursor,
      )
      // As a server does that begins with what another kept.
      kept = JSON.parse(JSON.stringify(cursors.at(-1)))
      steps.push(kept?.next ?? SHARDS.length)
    }

    expect(Math.max(...steps.map((step, index) => step - (steps[index - 1] ?? 0)))).toBeLessThanOrEqual(100)
    expect(steps.at(-1)).toBe(SHARDS.length)
    expect(kept).toBeNull()
    const keys = await keysOf(service)
    expect(keys).toHaveLength(15)
    expect(keys.filter((key) => !key.startsWith('quarantine/'))).toEqual([])
  })
})

describe('the sweep of objects with several databases', () => {
  const HALVES = [
    { from: 0, to: 4095 },
    { from: 4096, to: 8191 },
  ] as const
  const owners = [...ownersOf(HALVES[0], 20), ...ownersOf(HALVES[1], 20)]

  /** A service's store and queue with a catalog of its own, in two databases, that has 40 photos. */
  async function openHalves(service: TestService, urls: readonly [string, string]) {
    const ranges = HALVES.map((half, index) => ({ ...half, url: urls[index] as string }))
    await migrateCatalog(ranges)
    const map = new ShardMap(ranges, { connections: 2 })
    const catalog = new Catalog(map)
    await service.store.delete([KEEPER_KEY])
    for (const owner of owners) await insertPhoto(catalog, owner)
    const installation = await catalog.installation.id()
    await service.store.put(KEEPER_KEY, Buffer.from(JSON.stringify({ installation })), jpeg)
    const all = await Promise.all(owners.map((owner) => catalog.photos.list(owner, owner, { older: 9 })))
    await put(service, ...all.flatMap(({ photos }) => photos).map(({ id }) => originalKey(id, 'jpeg')))
    const sweepHalves = async () =>
      await sweepObjects(
        { ...service, catalog },
        { quarantineDays: 7, now: inDays(2), accepted: 100 },
        silentLog,
      )
    return { ranges, sweepHalves, [Symbol.asyncDispose]: async () => await map[Symbol.asyncDispose]() }
  }

  always('takes nothing of a database that is unavailable for a stray', async () => {
    await using service = await startService()
    await using a = await openEmptyDatabase()
    await using b = await openEmptyDatabase()
    await using proxy = await startProxy(b.url)
    await using halves = await openHalves(service, [a.url, proxy.url])
    const before = await keysOf(service)
    await proxy.cut()

    await expect(halves.sweepHalves()).rejects.toThrow(EngineUnavailableError)
    await proxy.mend()

    expect(await halves.sweepHalves()).toEqual(NOTHING)
    expect(await keysOf(service)).toEqual(before)
  })

  always('takes nothing of shards for a stray while they move to another database', async () => {
    await using service = await startService()
    await using a = await openEmptyDatabase()
    await using b = await openEmptyDatabase()
    await using halves = await openHalves(service, [a.url, b.url])
    const before = await keysOf(service)

    let isMoving = true
    const moving = (async () => {
      await moveShards(halves.ranges, HALVES[0], b.url)
      await moveShards(halves.ranges, HALVES[1], a.url)
      isMoving = false
    })()
    const reports: ObjectsReport[] = []
    // A bundle of a thousand shards may meet one that has just moved each time it is asked again: the next turn goes on.
    const passes = (error: unknown) => expect(error).toBeInstanceOf(EngineUnavailableError)
    while (isMoving) await halves.sweepHalves().then((report) => reports.push(report), passes)
    await moving

    expect(reports.filter((report) => report.quarantined + report.remade > 0)).toEqual([])
    expect(await keysOf(service)).toEqual(before)
  })
})

describe('what a worker put and did not record, because it died,', () => {
  /** Engines of a worker that is killed when it has put the last rendition. */
  const dying = (service: TestService) => {
    const killed = new Error('killed')
    vi.spyOn(service.catalog.renditions, 'recordLater').mockRejectedValue(killed)
    vi.spyOn(service.catalog.looks, 'show').mockRejectedValue(killed)
    return { ...service, maxPixels: service.config.maxPixels }
  }

  always('is deleted in the end when its AVIF is given up', async () => {
    await using service = await startService()
    const id = await uploadReady(service)
    const before = await keysOf(service)

    await expect(finishPhoto(dying(service))({ kind: 'finish', photoId: id, edition: 0 })).rejects.toThrow(
      'killed',
    )
    expect((await keysOf(service)).length).toBeGreaterThan(before.length)
    await sweep(service, 1.5)
    await sweep(service, 10)

    expect(await keysOf(service)).toEqual(before)
  })

  always('is deleted in the end when its look is given up, and kept while it is waited for', async () => {
    await using service = await startService()
    const id = await uploadReady(service)
    const before = await keysOf(service)
    const look = { filter: 'mono' as FilterName, strength: 1 }
    const edition = (await service.catalog.looks.want(id, 'alice' as OwnerId, { look })) as number

    const killed = filterPhoto(dying(service))({ kind: 'filter', photoId: id, edition })
    await expect(killed).rejects.toThrow('killed')
    const put = await keysOf(service)
    expect(put.length).toBeGreaterThan(before.length)

    await sweep(service, 1.5)
    expect(await keysOf(service)).toEqual(put)
    await service.catalog.looks.giveUp(id, edition)
    await sweep(service, 1.5)
    await sweep(service, 10)
    expect(await keysOf(service)).toEqual(before)
  })
})

describe('a photo that is removed while a worker puts its renditions', () => {
  always('leaves nothing in the end, though the worker was killed before it could clean up', async () => {
    await using service = await startService()
    const id = await uploadReady(service)
    const late = renditionKey(placeOf(id), { preset: 'feed', format: 'avif', digest: '00c0ffee' })
    await fetch(`${service.url}/v1/photos/${id}`, { method: 'DELETE', headers: await authorization(service) })
    {
      await using _worker = service.work()
      await expect.poll(async () => await keysOf(service)).toEqual([])
    }
    await expect.poll(async () => (await service.catalog.objects.ofPhotos([id])).size).toBe(0)
    await put(service, late)

    await sweep(service, 1.5)
    await sweep(service, 10)

    expect(await keysOf(service)).toEqual([])
  })
})

function disposeBoth(service: AsyncDisposable, bucket: AsyncDisposable) {
  const dispose = service[Symbol.asyncDispose].bind(service)
  return async () => {
    await dispose()
    await bucket[Symbol.asyncDispose]()
  }
}
