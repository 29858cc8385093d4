import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_DIGESTS } from '../src/ingest/digests.ts'
import { createComplete } from '../src/ingest/direct-uploads.ts'
import { createIngest } from '../src/ingest/ingest.ts'
import { NO_DAILY_LIMITS } from '../src/photo/daily-limits.ts'
import { incomingKey, originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { deadly, Killed } from './support/deadly.ts'
import { fixture } from './support/pictures.ts'
import { silentLog, startService, type TestService } from './support/service.ts'

const alice = 'alice' as OwnerId

/** Where a server dies: when a write is done and nobody knows of it. */
const POINTS = ['object', 'row', 'job', 'leaving', 'never'] as const

describe('a completion that is killed', () => {
  let one: TestService
  const opened = new AsyncDisposableStack()
  beforeAll(async () => {
    one = opened.use(await startService())
  })
  afterAll(async () => await opened.disposeAsync())

  test.each(POINTS)('at "%s" is one photo when it is repeated', async (point) => {
    const photo = await fixture('plain.jpg')
    const direct = {
      visibility: 'public' as const,
      alt: null,
      focus: null,
      look: null,
      bytes: photo.length,
      sha256: null,
    }
    const [id] = (await one.catalog.reservedIds.reserve(alice, 1, direct)) as [PhotoId]
    await one.store.put(incomingKey(id), photo, { contentType: 'image/jpeg' })
    const completeBy = (dies: (typeof POINTS)[number]) => {
      const store = dies === 'object' ? deadly(one.store, 'put') : one.store
      const catalog =
        dies === 'row'
          ? ({ ...one.catalog, reservedIds: deadly(one.catalog.reservedIds, 'use') } as typeof one.catalog)
          : one.catalog
      const queue = dies === 'job' ? deadly(one.queue, 'enqueue') : one.queue
      const ingest = createIngest({
        ...{ catalog, store, queue, maxUploadBytes: 1e8, log: silentLog },
        interrupt: new AbortController().signal,
      })
      return createComplete({ catalog, store: dies === 'leaving' ? deadly(store, 'delete') : store, ingest })
    }
    const request = { owner: alice, id, trace: null, limits: NO_DAILY_LIMITS, digests: NO_DIGESTS }

    await completeBy(point)(request).catch((error) => expect(error).toBeInstanceOf(Killed))
    const again = await completeBy('never')(request)

    expect(again.isNew).toBe(point === 'object')
    expect(await one.store.read(originalKey(id, 'jpeg'))).toEqual(photo)
    expect(await one.store.head(incomingKey(id))).toBeNull()
    const unfinished = await one.catalog.photos.unfinished(new Date(Date.now() + 60_000), null, 500)
    expect(unfinished.map((one) => one.id)).toContain(id)
  })
})
