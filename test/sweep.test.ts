import { describe, expect, test } from 'vitest'
import { CorruptPhotoError } from '../src/errors.ts'
import type { FilterName } from '../src/photo/filter.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import { firstIdAt, type PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { sweepJobs, sweepOriginals } from '../src/sweep/sweep.ts'
import { silentLog, startService, type TestService } from './support/service.ts'

const HOUR_MS = 3_600_000
const inAMinute = () => new Date(Date.now() + 60_000)
const jpeg = { contentType: 'image/jpeg' }

/** A photo whose server died between its row and its job. */
async function insertWithoutJob(service: TestService, pending = ['resize']): Promise<PhotoId> {
  const owner = 'alice' as OwnerId
  const id = await service.catalog.nextId(owner)
  await service.catalog.insert({
    id,
    owner,
    visibility: 'public',
    original: { format: 'jpeg', bytes: 3, sha256: '00' },
    focus: null,
    look: pending.includes('filter') ? { filter: 'mono' as FilterName, strength: 1 } : null,
    pending,
  })
  await service.store.put(originalKey(id, 'jpeg'), Buffer.from('pix'), jpeg)
  return id
}

describe('the sweep of jobs', () => {
  test('enqueues again what lost its jobs, and no more of them', async () => {
    await using service = await startService()
    const photoId = await insertWithoutJob(service, ['resize', 'filter'])

    const mended = await sweepJobs(service, silentLog, inAMinute())
    const again = await sweepJobs(service, silentLog, inAMinute())

    expect([mended, again]).toEqual([2, 0])
    expect(await service.queue.state({ kind: 'resize', photoId })).toEqual({ name: 'underway' })
    expect(await service.queue.state({ kind: 'filter', photoId })).toEqual({ name: 'underway' })
    expect(await service.queue.counts()).toMatchObject({ waiting: 2 })
  })

  test('leaves young photos alone, whose job is on its way', async () => {
    await using service = await startService()
    await insertWithoutJob(service)

    expect(await sweepJobs(service, silentLog)).toBe(0)
    expect(await service.queue.counts()).toMatchObject({ waiting: 0 })
  })

  test('marks a photo failed whose job had failed without its row being told', async () => {
    await using service = await startService()
    const id = await insertWithoutJob(service)
    await service.queue.enqueue({ kind: 'resize', photoId: id })
    {
      const dead = async () => {
        throw new CorruptPhotoError()
      }
      await using _worker = service.queue.work({
        handlers: { resize: dead, filter: dead, purge: dead, avif: dead },
        onFailed: async () => {
          throw new Error('the database went away')
        },
      })
      await expect
        .poll(async () => (await service.queue.state({ kind: 'resize', photoId: id })).name)
        .toBe('failed')
    }

    const mended = await sweepJobs(service, silentLog, inAMinute())

    expect(mended).toBe(1)
    expect(await service.catalog.find(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'processing_failed' },
    })
    expect(await sweepJobs(service, silentLog, inAMinute())).toBe(0)
  })

  test('enqueues the purge of a removed photo again', async () => {
    await using service = await startService()
    const photoId = await insertWithoutJob(service)
    await service.catalog.remove(photoId, 'alice' as OwnerId)

    expect(await sweepJobs(service, silentLog)).toBe(1)
    expect(await service.queue.state({ kind: 'purge', photoId })).toEqual({ name: 'underway' })
  })
})

describe('the sweep of originals', () => {
  test('deletes those that got no row within a day, and nothing else', async () => {
    await using service = await startService()
    const old = firstIdAt(new Date(Date.now() - 25 * HOUR_MS))
    const young = firstIdAt(new Date(Date.now() - 23 * HOUR_MS))
    for (const id of [old, young]) await service.store.put(originalKey(id, 'jpeg'), Buffer.from('pix'), jpeg)
    const kept = await insertWithoutJob(service)
    await service.store.put('renditions/0/42/feed-00000000.jpg', Buffer.from('pix'), jpeg)

    const deleted = await sweepOriginals(service, silentLog)
    const inTwoDays = await sweepOriginals(service, silentLog, new Date(Date.now() + 48 * HOUR_MS))

    expect([deleted, inTwoDays]).toEqual([1, 1])
    expect(await Array.fromAsync(service.store.list('originals/'))).toEqual([originalKey(kept, 'jpeg')])
    expect(await Array.fromAsync(service.store.list('renditions/'))).toHaveLength(1)
  })
})
