import { expect, test } from 'vitest'
import { photoIdOfRendition } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { movePhoto } from '../src/places/move-photo.ts'
import { startSequel } from '../src/reprocess/sequels.ts'
import { sweepObjects } from '../src/sweep/sweep-objects.ts'
import { inDays, uploadReady } from './support/objects-sweep.ts'
import { complete, startReprocess } from './support/reprocess.ts'
import { silentLog, startService, type TestService } from './support/service.ts'

/** The service, whose photo is moved by its owner just when somebody first asks for one of its objects. */
function movedAtFirstHead(service: TestService, id: PhotoId, list = service.store.list.bind(service.store)) {
  let isMoved = false
  const head: TestService['store']['head'] = async (key) => {
    if (!isMoved && photoIdOfRendition(key) === id) {
      isMoved = true
      await movePhoto(service, id, 'private', silentLog)
    }
    return await service.store.head(key)
  }
  const store = new Proxy(service.store, {
    get: (of, name) => {
      if (name === 'head') return head
      if (name === 'list') return list
      const value = of[name as keyof typeof of]
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  return { service: { ...service, store } as TestService, isMoved: () => isMoved }
}

test('a photo that is moved while its objects are compared lacks none of them', async () => {
  await using service = await startService()
  const id = await uploadReady(service)
  // Listed before they were put.
  const list = async function* (prefix: string) {
    for await (const key of service.store.list(prefix)) if (photoIdOfRendition(key) !== id) yield key
  }
  const moved = movedAtFirstHead(service, id, list)

  const report = await sweepObjects(moved.service, { quarantineDays: 7, now: inDays(0) }, silentLog)

  expect(moved.isMoved()).toBe(true)
  expect(report).toMatchObject({ remade: 0, withoutOriginal: 0 })
})

test('a photo that is moved while a run is verified is no failure of it', async () => {
  await using service = await startService()
  const id = await uploadReady(service)
  const run = await startReprocess(service, { state: 'all' })
  await complete(service, run)
  const moved = movedAtFirstHead(service, id)

  const verified = await complete(moved.service, await startSequel(service.catalog, 'verify', run))

  expect(moved.isMoved()).toBe(true)
  expect(verified).toMatchObject({ selected: 1, done: 1, failed: 0 })
})
