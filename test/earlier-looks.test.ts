import { describe, expect, test, vi } from 'vitest'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { sweepRenditions } from '../src/sweep/earlier-renditions.ts'
import { filterPhoto } from '../workers/jobs/filter.ts'
import { resizePhoto } from '../workers/jobs/resize.ts'
import { afterItsLife, change, digestsOf, find, LIFE_S, objectCount, objectsOf } from './support/looks.ts'
import { uploadReady } from './support/photo-client.ts'
import { fixture } from './support/pictures.ts'
import { silentLog, startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

describe('the renditions of earlier looks', () => {
  test('stay as long as a delivery URL for them can be valid, and then go', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service)
    const { body } = await change(service, id, { filter: 'mono' }, { wait: 60 })

    const early = await sweepRenditions(service, silentLog, new Date(Date.now() + LIFE_S * 1000))
    const late = await sweepRenditions(service, silentLog, afterItsLife())

    expect([early, late]).toEqual([0, objectCount(body)])
    expect(await objectsOf(service, id)).toHaveLength(objectCount(body))
    expect(digestsOf(await find(service, id))).toEqual(digestsOf(body))
    for (const { url } of body.renditions) expect((await fetch(url)).status).toBe(200)
  })

  test('are shown again without being made again, as long as they are there', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const { id } = await uploadReady(service, { filter: 'mono' })
    const mono = await find(service, id)
    await change(service, id, { filter: 'dusk' }, { wait: 60 })
    // What needs no original can't have been made from it.
    await service.store.delete(await Array.fromAsync(service.store.list('originals/')))

    const { body } = await change(service, id, { filter: 'mono' }, { wait: 60 })

    expect(body.filter).toBe('mono')
    expect(body.renditions).toEqual(mono.renditions)
    expect(await sweepRenditions(service, silentLog, afterItsLife())).toBe(objectCount(mono))
  })

  test('are made again under other keys once they are being deleted', async () => {
    await using service = await startService()
    await using _worker = service.work()
    const plain = await uploadReady(service)
    await change(service, plain.id, { filter: 'mono' }, { wait: 60 })
    const [doomed] = await service.catalog.renditions.doom(afterItsLife(), 100)

    const { body } = await change(service, plain.id, null, { wait: 60 })
    // A sweep that had stopped between its claim and its deletions.
    const swept = await sweepRenditions(service, silentLog, new Date())

    expect(doomed?.renditions).toHaveLength(plain.renditions.length)
    expect(swept).toBe(0)
    expect(await sweepRenditions(service, silentLog, afterItsLife())).toBeGreaterThan(0)
    expect(digestsOf(body)).not.toEqual(digestsOf(plain))
    for (const { url } of body.renditions) expect((await fetch(url)).status).toBe(200)
  })

  test('go too when they were still being made as the photo was shown in another', async () => {
    await using service = await startService()
    const { id } = (await (
      await postForm(service, photoForm(await fixture('plain.jpg'), { filter: 'mono' }))
    ).json()) as { id: PhotoId }
    const engines = { ...service, maxPixels: service.config.maxPixels }
    const edition = (await service.catalog.looks.want(id, 'alice' as OwnerId, { look: null })) ?? 0
    const record = service.catalog.renditions.record.bind(service.catalog.renditions)
    using _overtaken = vi.spyOn(service.catalog.renditions, 'record').mockImplementation(async (...made) => {
      await filterPhoto(engines)({ kind: 'filter', photoId: id, edition })
      return await record(...made)
    })

    await resizePhoto(engines)({ kind: 'resize', photoId: id })
    await sweepRenditions(service, silentLog, afterItsLife())

    const shown = await find(service, id)
    expect(shown).toMatchObject({ status: 'ready', filter: null })
    const keys = shown.renditions.map(({ url }) => new URL(url).pathname.slice(1))
    expect(new Set(await objectsOf(service, id))).toEqual(new Set(keys))
  })
})
