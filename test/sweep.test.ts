import { describe, expect, test, vi } from 'vitest'
import { CorruptPhotoError } from '../src/errors.ts'
import { originalKey } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { sweepJobs } from '../src/sweep/lost-jobs.ts'
import { insertPhoto } from './support/photos.ts'
import { recordedLog, silentLog, startService, type TestService } from './support/service.ts'

const inAMinute = () => new Date(Date.now() + 60_000)
const jpeg = { contentType: 'image/jpeg' }

/** A photo whose server died between its row and its job. */
async function insertWithoutJob(service: TestService): Promise<PhotoId> {
  const id = await insertPhoto(service.catalog, 'alice' as OwnerId)
  await service.store.put(originalKey(id, 'jpeg'), Buffer.from('pix'), jpeg)
  return id
}

describe('the sweep of jobs', () => {
  test('enqueues again what lost its job, and no more of them', async () => {
    await using service = await startService()
    const photoId = await insertWithoutJob(service)

    const mended = await sweepJobs(service, silentLog, inAMinute())
    const again = await sweepJobs(service, silentLog, inAMinute())

    expect([mended, again]).toEqual([1, 0])
    expect(await service.queue.state({ kind: 'resize', photoId })).toEqual({ name: 'pending' })
    expect(await service.queue.counts()).toMatchObject({ waiting: 1 })
  })

  test('tells of the jobs that an emptied queue lost in one line, however many', async () => {
    await using service = await startService()
    for (let count = 0; count < 5; count++) await insertWithoutJob(service)
    const { log, lines } = recordedLog()

    await sweepJobs(service, log, inAMinute())

    expect(lines).toMatchObject([{ msg: 'lost jobs enqueued again', jobs: 5 }])
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
        lane: 'live',
        handlers: {
          resize: dead,
          import: dead,
          filter: dead,
          purge: dead,
          finish: dead,
          remake: dead,
          sample: dead,
          fanout: dead,
        },
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
    expect(await service.catalog.photos.find(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'processing_failed' },
    })
    expect(await sweepJobs(service, silentLog, inAMinute())).toBe(0)
  })

  test('enqueues the purge of a removed photo again', async () => {
    await using service = await startService()
    const photoId = await insertWithoutJob(service)
    await service.catalog.removals.remove(photoId, 'alice' as OwnerId)

    expect(await sweepJobs(service, silentLog, inAMinute())).toBe(1)
    expect(await service.queue.state({ kind: 'purge', photoId })).toEqual({ name: 'pending' })
  })

  test('asks the queue nothing about photos whose turn has not come, and once about all others', async () => {
    await using service = await startService()
    await service.queue.enqueue({ kind: 'filter', photoId: '764879989359635463' as PhotoId })
    const waiting = await Promise.all(Array.from({ length: 30 }, () => insertWithoutJob(service)))
    for (const photoId of waiting) await service.queue.enqueue({ kind: 'resize', photoId })
    using asked = vi.spyOn(service.queue, 'states')

    expect(await sweepJobs(service, silentLog, inAMinute())).toBe(0)
    expect(asked).not.toHaveBeenCalled()

    vi.spyOn(service.queue, 'oldestWaiting').mockResolvedValue(null)
    expect(await sweepJobs(service, silentLog, inAMinute())).toBe(0)
    expect(asked.mock.calls.map(([jobs]) => jobs.length)).toEqual([30])
  })

  test('mends the other photos when one can not be mended', async () => {
    await using service = await startService()
    const ids = [await insertWithoutJob(service), await insertWithoutJob(service)]
    const { enqueue } = service.queue
    vi.spyOn(service.queue, 'enqueue').mockImplementation(async (job) => {
      if (job.photoId === ids[0]) throw new Error('Job could not be removed because it is locked')
      await enqueue.call(service.queue, job)
    })

    const mended = await sweepJobs(service, silentLog, inAMinute())

    expect(mended).toBe(1)
    expect(await service.queue.state({ kind: 'resize', photoId: ids[1] as PhotoId })).toEqual({
      name: 'pending',
    })
  })
})
