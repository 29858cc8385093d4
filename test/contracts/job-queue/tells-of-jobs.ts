import { setTimeout as sleep } from 'node:timers/promises'
import { type test as always, vi } from 'vitest'
import {
  CorruptPhotoError,
  EmptyFileError,
  EngineUnavailableError,
  OriginalMissingError,
} from '../../../src/errors.ts'
import type { PhotoId } from '../../../src/photo/photo-id.ts'
import type { Job } from '../../../src/queue/job.ts'
import type { FailedJob } from '../../../src/queue/job-queue.ts'
import { idle } from '../../support/handlers.ts'
import type { OpenQueue } from './jobs.ts'
import { batch, job, neverFailed, other } from './jobs.ts'

/** What a queue tells of its jobs. */
export function tellsOfJobs(openQueue: OpenQueue, test: typeof always): void {
  test('counts of each lane the jobs that run or may begin now', async ({ expect }) => {
    await using queue = await openQueue()
    const finish = Promise.withResolvers<void>()
    const handlers = {
      ...idle,
      finish: () => finish.promise,
      resize: async () => {
        throw new OriginalMissingError()
      },
    }

    expect(await queue.demand()).toEqual({ live: 0, batch: 0 })
    for (const each of [...batch, job]) await queue.enqueue(each)
    expect(await queue.demand()).toEqual({ live: 1, batch: 3 })
    await using _live = queue.work({ lane: 'live', handlers, onFailed: neverFailed })
    await using _batch = queue.work({ lane: 'batch', handlers, onFailed: neverFailed })

    await expect.poll(async () => await queue.counts()).toMatchObject({ active: 1, delayed: 1, waiting: 2 })
    // What is postponed demands nothing until its time has come.
    await expect.poll(async () => await queue.demand()).toEqual({ live: 0, batch: 3 })
    const delayed = [queue.delayed('live', 9), queue.delayed('live', 0), queue.delayed('batch', 9)]
    expect(await Promise.all(delayed)).toEqual([1, 0, 0])
    finish.resolve()
    await expect.poll(async () => (await queue.demand()).batch).toBe(0)
  })

  test('counts jobs whose time has come though no worker is there', async ({ expect }) => {
    await using queue = await openQueue()
    await queue.enqueue(job)
    {
      const render = async () => {
        throw new EngineUnavailableError('The store does not answer.')
      }
      const handlers = { ...idle, resize: render }
      await using _work = queue.work({ lane: 'live', handlers, onFailed: neverFailed })
      await expect.poll(async () => await queue.counts()).toMatchObject({ delayed: 1 })
    }

    await expect.poll(async () => await queue.demand()).toEqual({ live: 1, batch: 0 })
  })

  test('knows nothing of a job that was never enqueued', async ({ expect }) => {
    await using queue = await openQueue()

    expect(await queue.state(job)).toEqual({ name: 'missing' })
  })

  test('tells the states of many jobs at once, in their order', async ({ expect }) => {
    await using queue = await openQueue()
    const failed = Promise.withResolvers<void>()
    await queue.enqueue(job)
    {
      await using _work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async () => {
            throw new CorruptPhotoError()
          },
        },
        onFailed: async () => failed.resolve(),
      })
      await failed.promise
      await expect.poll(async () => (await queue.state(job)).name).toBe('failed')
    }
    const later: Job = { kind: 'finish', photoId: job.photoId, edition: 0 }
    for (const each of [other, later]) await queue.enqueue(each)
    const never: Job = { kind: 'filter', photoId: job.photoId, edition: 7 }

    expect(await queue.states([never, job, other, later, job])).toEqual([
      { name: 'missing' },
      { name: 'failed', code: 'corrupt_photo', message: new CorruptPhotoError().message },
      { name: 'pending' },
      { name: 'pending' },
      { name: 'failed', code: 'corrupt_photo', message: new CorruptPhotoError().message },
    ])
    expect(await queue.states([])).toEqual([])
  })

  test('knows since when the oldest job of a lane waits', async ({ expect }) => {
    await using queue = await openQueue()
    const before = new Date()

    expect(await queue.oldestWaiting('live')).toBeNull()
    await queue.enqueue(batch[0])
    expect(await queue.oldestWaiting('live')).toBeNull()
    await queue.enqueue(job)
    const oldest = (await queue.oldestWaiting('live')) as Date
    await sleep(20)
    await queue.enqueue(other)

    expect(oldest.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(await queue.oldestWaiting('live')).toEqual(oldest)
    expect((await queue.oldestWaiting('batch'))?.getTime()).toBeLessThanOrEqual(oldest.getTime())
  })

  test('tells of jobs by lane, kind and state, and of those that failed why', async ({ expect }) => {
    await using queue = await openQueue()
    const torn = { kind: 'resize', photoId: other.photoId } as const
    await queue.enqueue(torn)
    {
      const failed = Promise.withResolvers<void>()
      await using _work = queue.work({
        lane: 'live',
        handlers: { ...idle, resize: () => Promise.reject(new CorruptPhotoError()) },
        onFailed: async () => failed.resolve(),
      })
      await failed.promise
    }
    for (const each of [job, other, ...batch]) await queue.enqueue(each)

    const none = { waiting: 0, active: 0, delayed: 0, failed: 0 }
    const totals = await queue.totals()
    expect(totals).toHaveLength(4)
    expect(totals).toEqual(
      expect.arrayContaining([
        { ...none, lane: 'live', kind: 'resize', waiting: 1, failed: 1 },
        { ...none, lane: 'live', kind: 'filter', waiting: 1 },
        { ...none, lane: 'batch', kind: 'finish', waiting: 2 },
        { ...none, lane: 'batch', kind: 'purge', waiting: 1 },
      ]),
    )
    const { message } = new CorruptPhotoError()
    const [failedAt, key] = [expect.any(Date), `resize-${torn.photoId}`]
    expect(await queue.failed(null, 10)).toEqual({
      jobs: [{ key, lane: 'live', job: torn, attempts: 1, failedAt, code: 'corrupt_photo', message }],
      next: null,
    })
    expect(await queue.failedByCode()).toEqual([{ code: 'corrupt_photo', count: 1 }])
  })

  test('tells of those that failed page by page, the last first, whatever fails or is enqueued again meanwhile', async ({
    expect,
  }) => {
    await using queue = await openQueue()
    const jobs = Array.from(
      { length: 7 },
      (_, n): Job => ({
        kind: n % 2 === 0 ? 'resize' : 'purge',
        photoId: `76487998935963546${n}` as PhotoId,
      }),
    )
    const fail = async (failing: readonly Job[]) => {
      for (const each of failing) await queue.enqueue(each)
      const work = {
        handlers: {
          ...idle,
          resize: () => Promise.reject(new CorruptPhotoError()),
          purge: () => Promise.reject(new EmptyFileError()),
        },
        onFailed: neverFailed,
      }
      await using _live = queue.work({ lane: 'live', ...work })
      await using _batch = queue.work({ lane: 'batch', ...work })
      await vi.waitFor(
        async () => {
          const states = await queue.states(failing)
          expect(states.every(({ name }) => name === 'failed')).toBe(true)
        },
        { timeout: 60_000 },
      )
    }
    const [last, ...others] = jobs.toReversed() as [Job, ...Job[]]
    await fail(others)
    const all = await queue.failed(null, 100)
    const first = await queue.failed(null, 2)
    await fail([last])
    // The page's last is not there any more.
    await queue.enqueue(first.jobs[1]?.job as Job)
    const rest: FailedJob[] = []
    for (let after = first.next; after; ) {
      const page = await queue.failed(after, 2)
      rest.push(...page.jobs)
      after = page.next
    }

    const keysOf = (failed: readonly FailedJob[]) => failed.map(({ key }) => key)
    const times = all.jobs.map(({ failedAt }) => failedAt.getTime())
    expect(times).toEqual(times.toSorted((a, b) => b - a))
    expect(keysOf([...first.jobs, ...rest])).toEqual(keysOf(all.jobs))
    expect(keysOf((await queue.failed(null, 1)).jobs)).toEqual([`resize-${last.photoId}`])
    expect((await queue.failedByCode()).toSorted((a, b) => (a.code < b.code ? -1 : 1))).toEqual([
      { code: 'corrupt_photo', count: expect.any(Number) },
      { code: 'empty_file', count: expect.any(Number) },
    ])
  })
}
