import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import type { PhotoEvent, PhotoEventId } from '../src/catalog/events/photo-events.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt, type ShardRange } from '../src/config/shard-ranges.ts'
import type { Photo } from '../src/photo/photo.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import { newSecret } from '../src/photo/secret.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { openDatabaseWithoutShards, type TestDatabase } from './support/database.ts'
import { changeLook, finishPhoto, MADE, moveTo, readyPhoto } from './support/photo-steps.ts'
import { insertPhoto, PLAIN } from './support/photos.ts'
import { ownersOf, startTraffic } from './support/shard-traffic.ts'

const RANGE = { from: 1000, to: 1063 }
const START = '0' as PhotoEventId
const HOUR_MS = 3_600_000

let opened: AsyncDisposableStack
let databases: [TestDatabase, TestDatabase]
let ranges: ShardRange[]
/** As two servers have them. */
let catalogs: [Catalog, Catalog]
let catalog: Catalog

beforeAll(async () => {
  opened = new AsyncDisposableStack()
  databases = [opened.use(await openDatabaseWithoutShards()), opened.use(await openDatabaseWithoutShards())]
  ranges = allShardsAt(databases[0].url)
  await migrateCatalog(ranges)
  catalogs = [1, 2].map(() => new Catalog(opened.use(new ShardMap(ranges, { connections: 5 })))) as [
    Catalog,
    Catalog,
  ]
  catalog = catalogs[0]
})
afterAll(async () => await opened.disposeAsync())

let owners = 0
const newOwner = () => `events-${owners++}` as OwnerId

async function eventsOf(owner: OwnerId): Promise<PhotoEvent[]> {
  return await catalog.photoEvents.of(owner, START, 10_000)
}

describe('what happens to a photo is told', () => {
  test('as it becomes ready, gets another look, another visibility, and is removed, once each', async () => {
    const owner = newOwner()
    const id = await readyPhoto(catalog, owner)
    await finishPhoto(catalog, id)
    await catalog.photos.describe(id, owner, 'a boat')
    await changeLook(catalog, owner, id)
    await moveTo(catalog, 'private', id)
    await catalog.removals.remove(id, owner)
    await catalog.removals.remove(id, owner)
    await catalog.removals.markPurged(id)
    await catalog.removals.forget([id])

    const events = await eventsOf(owner)
    expect(events.map(({ type, visibility, isNew }) => [type, visibility, isNew])).toEqual([
      ['photo.ready', 'public', true],
      ['photo.look', 'public', false],
      ['photo.visibility', 'private', false],
      ['photo.deleted', 'private', false],
    ])
    expect(new Set(events.map(({ photoId }) => photoId))).toEqual(new Set([id]))
    expect(await catalog.photoEvents.lastOf(owner)).toBe(events.at(-1)?.id)
    expect(await catalog.photoEvents.lastOf(newOwner())).toBe('0')
  })

  test('as it fails, and becomes ready at another attempt', async () => {
    const owner = newOwner()
    const id = await insertPhoto(catalog, owner)
    await catalog.photos.fail(id, { code: 'malformed_photo', message: 'x' })
    await catalog.photos.retry(id)
    await finishPhoto(catalog, id)

    expect((await eventsOf(owner)).map(({ type, failureCode, isNew }) => [type, failureCode, isNew])).toEqual(
      [
        ['photo.failed', 'malformed_photo', false],
        ['photo.ready', null, true],
      ],
    )
  })

  test('as a look that was asked for could not be made, so that nobody waits for it', async () => {
    const owner = newOwner()
    const id = await readyPhoto(catalog, owner)
    const edition = (await catalog.looks.want(id, owner, { look: null })) as number
    await catalog.looks.giveUp(id, edition)

    expect((await eventsOf(owner)).map(({ type }) => type)).toEqual(['photo.ready', 'photo.look'])
  })

  test('once, when it becomes ready in the look that was asked for meanwhile', async () => {
    const owner = newOwner()
    const id = await insertPhoto(catalog, owner)
    await changeLook(catalog, owner, id)

    expect((await eventsOf(owner)).map(({ type }) => type)).toEqual(['photo.ready'])
  })

  test('with how long it waited for a worker, and how long that took', async () => {
    const owner = newOwner()
    const id = await insertPhoto(catalog, owner)
    const photo = (await catalog.photos.find(id)) as Photo
    const ago = async (column: string, seconds: number) =>
      await databases[0].query(
        `update photos set ${column} = now() - interval '${seconds} seconds' where id = ${id}`,
      )
    const beganAt = () => performance.now() - 2_000
    const startedAt = performance.now()

    await ago('written_at', 10)
    await catalog.renditions.record(photo, { look: null, edition: 0 }, { ...MADE, beganAt: beganAt() })
    const edition = (await catalog.looks.want(id, owner, { look: null })) as number
    await ago('wanted_at', 30)
    await catalog.looks.show(
      photo,
      { look: null, focus: null, edition },
      { ...MADE, recipe: 2, beganAt: beganAt() },
    )
    const again = (await catalog.looks.want(id, owner, { look: null })) as number
    await ago('wanted_at', 1)
    const earlier = { edition: 0, beganAt: beganAt() }
    expect(await catalog.looks.showEarlier(photo, { look: null, edition: again }, earlier, MADE.facts)).toBe(
      true,
    )
    const last = (await catalog.looks.want(id, owner, { look: null })) as number
    await catalog.looks.giveUp(id, last)

    const tookMs = performance.now() - startedAt
    const times = (await eventsOf(owner)).map(({ timing }) => timing)
    expect(times.map((timing) => timing !== null)).toEqual([true, true, true, false])
    // The worker's clock said more than the database's of the last: it waited for nothing.
    for (const [n, waitedMs] of [8_000, 28_000, 0].entries()) {
      const timing = times[n]
      expect(timing?.waitedMs).toSatisfy((ms) => ms >= waitedMs - 1 && ms < waitedMs + tookMs)
      expect(timing?.developedMs).toSatisfy((ms) => ms >= 2_000 && ms <= 2_000 + tookMs)
    }
    expect((await catalog.photos.findFor(owner, id))?.timing).toEqual(times[2])
    expect((await catalog.photos.findFor(newOwner(), id))?.timing).toBeNull()
  })

  test('and nothing of what is undone with its transaction', async () => {
    const owner = newOwner()
    const id = await readyPhoto(catalog, owner)
    await databases[0].query(`begin; update photos set deleted_at = now() where id = ${id}; rollback`)

    expect((await eventsOf(owner)).map(({ type }) => type)).toEqual(['photo.ready'])
  })
})

describe('followers are to know of a photo', () => {
  const isNewOf = async (owner: OwnerId) => (await eventsOf(owner)).map(({ isNew }) => isNew)

  test('when others see it for the first time, and not again', async () => {
    const owner = newOwner()
    const id = await readyPhoto(catalog, owner, { visibility: 'private' })
    for (const visibility of ['public', 'private', 'public'] as const) await moveTo(catalog, visibility, id)

    expect(await isNewOf(owner)).toEqual([false, true, false, false])
  })

  test('not when it was public before it was ready', async () => {
    const owner = newOwner()
    const id = await insertPhoto(catalog, owner)
    await moveTo(catalog, 'private', id)
    await finishPhoto(catalog, id)

    expect(await isNewOf(owner)).toEqual([false, false])
  })

  test('not when it was posted more than a day ago: it stands far down in their feeds', async () => {
    const owner = newOwner()
    const id = await readyPhoto(catalog, owner, { visibility: 'private' })
    await databases[0].query(`update photos set posted_at = posted_at - 25 * ${HOUR_MS} where id = ${id}`)
    await moveTo(catalog, 'public', id)

    expect(await isNewOf(owner)).toEqual([false, false])
  })
})

describe('no news are', () => {
  test('photos that an import takes in, of which it is told what their owners do to them', async () => {
    const owner = newOwner()
    const [id, failed] = [await catalog.photos.nextId(owner), await catalog.photos.nextId(owner)]
    for (const each of [id, failed]) {
      const photo = {
        ...PLAIN,
        id: each,
        owner,
        secret: newSecret(),
        postedAt: null,
        madeBy: { run: 1, line: 1 },
      }
      await catalog.imports.insert(photo, { source: 'test', externalId: each, owner })
    }
    await finishPhoto(catalog, id)
    await catalog.photos.fail(failed, { code: 'x', message: 'x' })
    for (const visibility of ['private', 'public'] as const) await moveTo(catalog, visibility, id)
    await catalog.removals.remove(id, owner)

    expect((await eventsOf(owner)).map(({ type, isNew }) => [type, isNew])).toEqual([
      ['photo.visibility', false],
      ['photo.visibility', false],
      ['photo.deleted', false],
    ])
  })

  test('photos that are made anew in the look they have', async () => {
    const owner = newOwner()
    const id = await readyPhoto(catalog, owner)
    const [claimed] = await catalog.remakes.claim([id])
    const remade = {
      facts: MADE.facts,
      upload: MADE.renditions,
      later: [],
      put: MADE.renditions,
      difference: null,
      recipe: 2,
    }
    await catalog.remakes.show((await catalog.photos.find(id)) as Photo, claimed?.edition as number, remade, {
      run: 1,
      keepSeconds: 60,
    })

    expect((await catalog.photos.find(id))?.edition).toBe(claimed?.edition)
    expect((await eventsOf(owner)).map(({ type }) => type)).toEqual(['photo.ready'])
  })
})

/** Reads on from where it stands, as often as it is told to. */
class Reader {
  readonly owner: OwnerId
  readonly read: PhotoEvent[] = []

  constructor(owner: OwnerId) {
    this.owner = owner
  }

  async goOn(): Promise<void> {
    const after = this.read.at(-1)?.id ?? START
    this.read.push(...(await catalogs[1].photoEvents.of(this.owner, after, 7)))
  }
}

test('whoever reads on from the last event that they saw misses none, however many write at once', async () => {
  const actions = fc.constantFrom('ready', 'look', 'private', 'public', 'remove')
  const histories = fc.array(fc.array(actions, { maxLength: 6 }), { minLength: 2, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(histories, async (photos) => {
      const owner = newOwner()
      const reader = new Reader(owner)
      const ids = await Promise.all(photos.map(() => insertPhoto(catalog, owner)))
      let isOver = false
      const reading = (async () => {
        while (!isOver) await reader.goOn()
      })()
      await Promise.all(
        photos.map(async (history, n) => {
          const id = ids[n] as PhotoId
          const at = catalogs[n % 2] as Catalog
          for (const action of history) {
            if (!(await at.photos.find(id))) continue
            if (action === 'ready') await finishPhoto(at, id)
            else if (action === 'look') await changeLook(at, owner, id)
            else if (action === 'remove') await at.removals.remove(id, owner)
            else await moveTo(at, action, id)
          }
        }),
      )
      isOver = true
      await reading
      for (let before = -1; reader.read.length > before; ) {
        before = reader.read.length
        await reader.goOn()
      }

      const events = await eventsOf(owner)
      expect(reader.read).toEqual(events)
      for (const [n, id] of ids.entries()) {
        const own = events.filter(({ photoId }) => photoId === id).map(({ type }) => type)
        const removed = photos[n]?.includes('remove') ?? false
        expect(own.filter((type) => type === 'photo.deleted')).toHaveLength(removed ? 1 : 0)
        if (removed) expect(own.at(-1)).toBe('photo.deleted')
        expect(own.filter((type) => type === 'photo.ready').length).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 15 },
  )
})

test('events go with their shard while photos change and readers read on', async () => {
  const readers = ownersOf(RANGE, 4).map((owner) => new Reader(owner))
  const traffic = startTraffic(
    catalogs,
    readers.map(({ owner }) => owner),
  )
  let isOver = false
  const reading = Promise.all(
    readers.map(async (reader) => {
      while (!isOver) await reader.goOn()
    }),
  )
  await expect.poll(() => traffic.albums.every(({ steps }) => steps > 4)).toBe(true)
  await moveShards(ranges, RANGE, databases[1].url)
  await moveShards(ranges, RANGE, databases[0].url)
  await traffic.stop()
  isOver = true
  await reading

  for (const { read, owner } of readers) {
    const photos = traffic.albums.find((album) => album.owner === owner)?.photos ?? new Map()
    const events = await eventsOf(owner)
    expect(read).toEqual(events.slice(0, read.length))
    const ready = events.filter(({ type }) => type === 'photo.ready').map(({ photoId }) => photoId)
    expect(new Set(ready).size).toBe(ready.length)
    for (const [id, status] of photos) expect(ready.includes(id)).toBe(status === 'ready')
    const removed = events.filter(({ type }) => type === 'photo.deleted').map(({ photoId }) => photoId)
    expect(new Set(removed).size).toBe(removed.length)
    expect(removed.filter((id) => photos.has(id))).toEqual([])
  }
  const left = `select id from photo_events where shard_of(id) between ${RANGE.from} and ${RANGE.to}`
  expect(await databases[1].query(left)).toEqual([])
})

test('events are untold until they are marked, and forgotten when they are old', async () => {
  const owner = newOwner()
  for (let n = 0; n < 3; n++) await readyPhoto(catalog, owner)
  const [first, second, third] = (await eventsOf(owner)) as [PhotoEvent, PhotoEvent, PhotoEvent]
  const now = firstIdAt(new Date(Date.now() + HOUR_MS))

  const since = String(BigInt(first.id) - 1n) as PhotoEventId
  const untold = async () =>
    (await catalog.webhookEvents.untold(since, 2)).filter((each) => each.owner === owner)
  expect(await untold()).toEqual([first, second])
  await catalog.webhookEvents.markTold([first.id, third.id])
  expect(await untold()).toEqual([second])

  await catalog.photoEvents.forget({ isTold: true, end: now }, 1_000)
  expect(await eventsOf(owner)).toEqual([second])
  await catalog.photoEvents.forget({ isTold: false, end: now }, 1_000)
  expect(await eventsOf(owner)).toEqual([])
  expect(await catalog.photoEvents.forget({ isTold: false, end: now }, 1_000)).toBe(0)
})
