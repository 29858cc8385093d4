import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { IdTakenError } from '../src/errors.ts'
import { NO_DIGESTS } from '../src/ingest/digests.ts'
import { createIngest } from '../src/ingest/ingest.ts'
import { NO_DAILY_LIMITS } from '../src/photo/daily-limits.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { compare } from '../src/sweep/compare.ts'
import { deadly, Killed } from './support/deadly.ts'
import { fixture, noisyJpeg } from './support/pictures.ts'
import { silentLog, startService, type TestService } from './support/service.ts'

const owner = 'alice' as OwnerId

/** Where a server dies: while the body comes, or when a write is done and nobody knows of it. */
const POINTS = ['body', 'object', 'row', 'reply', 'never'] as const
type Point = (typeof POINTS)[number]

let service: TestService
/** Of another server, with its own connections and its own idea of where shards are. */
let catalogs: [Catalog, Catalog]
let pictures: Record<'a' | 'b' | 'png', Buffer>
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  service = opened.use(await startService())
  const map = opened.use(new ShardMap(allShardsAt(service.database.url), { connections: 4 }))
  catalogs = [service.catalog, new Catalog(map)]
  pictures = {
    a: await fixture('plain.jpg'),
    b: await noisyJpeg({ width: 80, height: 60 }),
    png: await fixture('alpha.png'),
  }
})
afterAll(async () => await opened.disposeAsync())

/** One attempt to upload, by a server that dies there. */
async function attempt(
  id: PhotoId,
  { bytes, point, server }: { bytes: Buffer; point: Point; server: number },
): Promise<'new' | 'known' | 'taken' | 'killed'> {
  const catalog = catalogs[server] as Catalog
  const ingest = createIngest({
    queue: service.queue,
    store: point === 'object' ? deadly(service.store, 'put') : service.store,
    catalog:
      point === 'row'
        ? ({ ...catalog, reservedIds: deadly(catalog.reservedIds, 'use') } as Catalog)
        : catalog,
    maxUploadBytes: 1e8,
    interrupt: new AbortController().signal,
    log: silentLog,
  })
  const plain = {
    visibility: 'public',
    alt: null,
    focus: null,
    look: null,
    trace: null,
    digests: NO_DIGESTS,
    announced: null,
    limits: NO_DAILY_LIMITS,
  } as const
  try {
    const { isNew } = await ingest({ ...plain, owner, id, body: bodyOf(bytes, point) })
    if (point === 'reply') throw new Killed()
    return isNew ? 'new' : 'known'
  } catch (error) {
    if (error instanceof IdTakenError) return 'taken'
    if (error instanceof Killed) return 'killed'
    throw error
  }
}

async function* bodyOf(bytes: Buffer, point: Point): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, bytes.length / 2)
  await sleep(1)
  if (point === 'body') throw new Killed()
  yield bytes.subarray(bytes.length / 2)
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test.each(POINTS)('what was killed at "%s" is one photo when it is sent again', async (point) => {
  const [id] = (await service.catalog.reservedIds.reserve(owner, 1)) as [PhotoId]
  const bytes = pictures.a

  await attempt(id, { bytes, point, server: 0 })
  const again = await attempt(id, { bytes, point: 'never', server: 1 })

  expect(again).toBe(['body', 'object'].includes(point) ? 'new' : 'known')
  expect(await service.store.read(originalKey(id, 'jpeg'))).toEqual(bytes)
  // Its job is promised, or the sweep promises it.
  const unfinished = await service.catalog.photos.unfinished(new Date(Date.now() + 60_000), null, 500)
  expect(unfinished.map((photo) => photo.id)).toContain(id)
})

test('whatever is sent under one id, when and by whom, and wherever servers die: one photo, with its own bytes', async () => {
  const upload = fc.record({
    name: fc.constantFrom('a', 'b', 'png'),
    point: fc.constantFrom(...POINTS),
    server: fc.constantFrom(0, 1),
  })
  /** Each of them at once; one after the other. */
  const rounds = fc.array(fc.array(upload, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })

  await fc.assert(
    fc.asyncProperty(rounds, async (given) => {
      const [id] = (await service.catalog.reservedIds.reserve(owner, 1)) as [PhotoId]
      const accepted = new Set<string>()
      for (const round of [
        ...given,
        ...(['a', 'b', 'png'] as const).map((name) => [{ name, point: 'never' as const, server: 0 }]),
      ]) {
        const outcomes = await Promise.all(
          round.map(async ({ name, ...how }) => [name, await attempt(id, { bytes: pictures[name], ...how })]),
        )
        for (const [name, outcome] of outcomes)
          if (outcome === 'new' || outcome === 'known') accepted.add(name as string)
      }

      const photo = await service.catalog.photos.find(id)
      const original = await service.store.read(originalKey(id, photo?.original.format ?? 'jpeg'))
      expect(accepted.size).toBe(1)
      expect(sha256(original)).toBe(photo?.original.sha256)
      expect(original).toEqual(pictures[[...accepted][0] as keyof typeof pictures])
    }),
    { numRuns: 25, endOnFailure: true },
  )
})

test('the original of an upload that came too late, in another format, is a stray', async () => {
  const [id] = (await service.catalog.reservedIds.reserve(owner, 1)) as [PhotoId]
  await attempt(id, { bytes: pictures.png, point: 'object', server: 0 })
  await attempt(id, { bytes: pictures.a, point: 'never', server: 1 })
  const kept = (await service.catalog.objects.ofPhotos([id])).get(id)

  const keys = await Array.fromAsync(service.store.list(originalKey(id, 'png').slice(0, -3)))
  const { strays } = compare(keys, kept ? { ...kept, isSettled: true } : null)

  expect(keys).toHaveLength(2)
  expect(strays).toEqual([originalKey(id, 'png')])
})
