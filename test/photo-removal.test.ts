import { describe, expect, test } from 'vitest'
import { KEEPER_KEY } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { get, remove, upload, uploadReady } from './support/photo-client.ts'
import { startService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

describe('DELETE /v1/photos/:id', () => {
  test('hides the photo at once and then removes every object and the row', async () => {
    await using service = await startService()
    const { id, renditions } = await (async () => {
      await using _worker = service.work()
      return await uploadReady(service, { filter: 'mono' })
    })()

    expect((await remove(service, id)).status).toBe(204)

    expect((await get(service, `/v1/photos/${id}`)).status).toBe(404)
    await using _worker = service.work()
    await expect.poll(async () => await service.database.query('select id from photos')).toEqual([])
    await expect.poll(async () => await Array.fromAsync(service.store.list(''))).toEqual([KEEPER_KEY])
    expect((await fetch(renditions[0]?.url ?? '')).status).toBe(403)
  })

  test('ends its URLs before it is answered, however long the purge waits', async () => {
    await using service = await startService()
    const { id, renditions } = await (async () => {
      await using _worker = service.work()
      return await uploadReady(service)
    })()
    const urls = renditions.map(({ url }) => url)
    expect((await fetch(urls[0] ?? '')).status).toBe(200)

    await remove(service, id)

    const replies = await Promise.all(urls.map(async (url) => (await fetch(url)).status))
    expect(new Set(replies)).toEqual(new Set([403]))
    expect(await service.queue.state({ kind: 'purge', photoId: id as PhotoId })).toEqual({ name: 'pending' })
  })

  test('is for the owner alone', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    expect((await remove(service, id, 'bob')).status).toBe(404)
    expect((await get(service, `/v1/photos/${id}`)).status).toBe(200)
  })

  test('may be repeated by the owner, before the purge and after it', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    expect((await remove(service, id)).status).toBe(204)
    expect((await remove(service, id)).status).toBe(204)
    await using _worker = service.work()
    await expect.poll(async () => await service.database.query('select id from photos')).toEqual([])
    expect((await remove(service, id)).status).toBe(204)
    expect((await remove(service, id, 'bob')).status).toBe(404)
  })

  test.each(['application/json', 'application/x-www-form-urlencoded', 'nonsense'])(
    'without a body heeds no Content-Type, such as %s',
    async (type) => {
      await using service = await startService()
      const { id } = await upload(service)

      const reply = await fetch(`${service.url}/v1/photos/${id}`, {
        method: 'DELETE',
        headers: { ...(await authorization(service)), 'content-type': type },
      })

      expect(reply.status).toBe(204)
    },
  )

  test('leaves no rendition of a photo that was removed while it was being made', async () => {
    await using service = await startService()
    const { id } = await upload(service)

    await remove(service, id)
    await using _worker = service.work()

    await expect
      .poll(async () => await service.queue.counts())
      .toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
    expect(await Array.fromAsync(service.store.list(''))).toEqual([KEEPER_KEY])
    expect(await service.catalog.photos.find(id as PhotoId)).toBeNull()
  })
})
