import { test as always, describe, expect, vi } from 'vitest'
import type { FilterName } from '../src/photo/look/filter.ts'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { filterPhoto } from '../workers/jobs/filter.ts'
import { finishPhoto } from '../workers/jobs/finish.ts'
import { keysOf, put, sweep, uploadReady } from './support/objects-sweep.ts'
import { placeOf } from './support/place.ts'
import { startService, type TestService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

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
