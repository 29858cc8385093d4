import { setTimeout as sleep } from 'node:timers/promises'
import { test as always, describe, expect } from 'vitest'
import {
  CorruptPhotoError,
  EngineUnavailableError,
  FilterMissingError,
  OriginalMissingError,
  WorkerDiedError,
} from '../../src/errors.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { Job, Lane } from '../../src/queue/job.ts'
import type { Claim, JobQueue, Work } from '../../src/queue/job-queue.ts'
import { idle } from '../support/handlers.ts'

const job: Job = { kind: 'resize', photoId: '764879989359635463' as PhotoId }
const other: Job = { kind: 'filter', photoId: '764879989359635464' as PhotoId }
const batch = [
  { kind: 'finish', photoId: job.photoId, edition: 0 },
  { kind: 'finish', photoId: job.photoId, edition: 1 },
  { kind: 'purge', photoId: job.photoId },
] as const satisfies Job[]

const neverFailed = async () => {}

/**
 * What every JobQueue promises. Run it against each implementation; `openQueue` gives an empty one. A `test` of
 * its own skips where the server is not installed.
 */
export function jobQueueContract(
  name: string,
  openQueue: () => Promise<JobQueue & AsyncDisposable>,
  test: typeof always = always,
) {
  describe(`${name} keeps the JobQueue contract`, () => {
    test('does a job that was enqueued, with the kind and the photo it is about', async () => {
      await using queue = await openQueue()
      const done = Promise.withResolvers<Job>()

      await queue.enqueue(job)
      await using _work = queue.work({
        lane: 'live',
        handlers: { ...idle, resize: async (given) => done.resolve(given) },
        onFailed: neverFailed,
      })

      expect(await done.promise).toEqual(job)
    })

    test('does a job that was enqueued when a worker was waiting already', async () => {
      await using queue = await openQueue()
      const done = Promise.withResolvers<Job>()
      await using _work = queue.work({
        lane: 'live',
        handlers: { ...idle, filter: async (given) => done.resolve(given) },
        onFailed: neverFailed,
      })

      await queue.enqueue(other)

      expect(await done.promise).toEqual(other)
    })

    test('takes a job that is pending once', async () => {
      await using queue = await openQueue()

      await Promise.all([queue.enqueue(job), queue.enqueue(job), queue.enqueue(job)])
      await queue.enqueue(job)

      expect(await queue.counts()).toMatchObject({ waiting: 1 })
      expect(await queue.state(job)).toEqual({ name: 'pending' })
    })

    test('does the jobs of a lane, in their order, and none of the other', async () => {
      await using queue = await openQueue()
      const order: Record<Lane, Job[]> = { live: [], batch: [] }
      const worksOn = (lane: Lane) => {
        const note = async (given: Job) => void order[lane].push(given)
        const handlers = { resize: note, filter: note, purge: note, finish: note }
        return queue.work({ lane, handlers, onFailed: neverFailed })
      }
      for (const each of [...batch, job, other]) await queue.enqueue(each)

      const waiting = await Promise.all([queue.counts('live'), queue.counts('batch'), queue.counts()])
      await using _live = worksOn('live')
      await expect.poll(() => order.live).toEqual([job, other])
      const states = await queue.states([job, ...batch])
      await using _batch = worksOn('batch')
      await expect.poll(() => order.batch).toEqual(batch)

      expect(waiting.map((counts) => counts.waiting)).toEqual([2, 3, 5])
      expect(states.map(({ name }) => name)).toEqual(['missing', 'pending', 'pending', 'pending'])
      expect(order.live).toEqual([job, other])
    })

    test('counts of each lane the jobs that run or may begin now', async () => {
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
      finish.resolve()
      await expect.poll(async () => (await queue.demand()).batch).toBe(0)
    })

    test('counts jobs whose time has come though no worker is there', async () => {
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

    test('keeps nothing of a job that is done, so it may be enqueued again', async () => {
      await using queue = await openQueue()
      let times = 0
      {
        await using _work = queue.work({
          lane: 'live',
          handlers: {
            ...idle,
            resize: async () => {
              times += 1
            },
          },
          onFailed: neverFailed,
        })

        await queue.enqueue(job)
        await expect.poll(async () => await queue.state(job)).toEqual({ name: 'missing' })
        await queue.enqueue(job)
        await expect.poll(() => times).toBe(2)
        await expect.poll(async () => await queue.state(job)).toEqual({ name: 'missing' })
      }

      expect(await queue.counts()).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 })
    })

    test('knows nothing of a job that was never enqueued', async () => {
      await using queue = await openQueue()

      expect(await queue.state(job)).toEqual({ name: 'missing' })
    })

    test('tells the states of many jobs at once, in their order', async () => {
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

    test('knows since when the oldest job of a lane waits', async () => {
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

    test('tries a job three times before it gives up, then tells and keeps it with its reason', async () => {
      await using queue = await openQueue()
      let attempts = 0
      const failed = Promise.withResolvers<[Job, Error]>()

      await queue.enqueue(job)
      await using _work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async () => {
            attempts += 1
            throw new Error('the store is on fire')
          },
        },
        onFailed: async (...told) => failed.resolve(told),
      })
      const [told, error] = await failed.promise

      expect(attempts).toBe(3)
      expect(told).toEqual(job)
      expect(error.message).toBe('the store is on fire')
      await expect
        .poll(async () => await queue.state(job))
        .toEqual({ name: 'failed', code: 'unexpected', message: 'the store is on fire' })
    })

    test('tries a job as often as it takes while an engine is unavailable', async () => {
      await using queue = await openQueue()
      const done = Promise.withResolvers<void>()
      let attempts = 0

      await queue.enqueue(job)
      await using _work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async () => {
            attempts += 1
            if (attempts <= 3) throw new EngineUnavailableError('The store does not answer.')
            done.resolve()
          },
        },
        onFailed: async (_job, error) => done.reject(error),
      })

      await done.promise
      await expect.poll(async () => await queue.state(job)).toEqual({ name: 'missing' })
    })

    test('leaves a job of a kind that a worker does not know to one that does, and counts no attempt', async () => {
      await using queue = await openQueue()
      const [done, failures]: [Job[], Job[]] = [[], []]
      const note = async (given: Job) => void done.push(given)
      const onFailed = async (given: Job) => void failures.push(given)
      const { resize: _, ...older } = { ...idle, filter: note }
      await queue.enqueue(job)
      {
        await using _work = queue.work({ lane: 'live', handlers: older as Work['handlers'], onFailed })
        await expect.poll(async () => await queue.counts()).toMatchObject({ delayed: 1 })
        await queue.enqueue(other)
        await expect.poll(() => done).toEqual([other])
      }

      let attempts = 0
      const render = async (given: Job) => {
        attempts += 1
        if (attempts < 3) throw new Error('the store is on fire')
        await note(given)
      }
      await using _work = queue.work({ lane: 'live', handlers: { ...idle, resize: render }, onFailed })

      await expect.poll(() => done).toEqual([other, job])
      expect(failures).toEqual([])
    })

    test.each([
      ['a filter that this worker does not have', new FilterMissingError('neon')],
      ['an original that the storage does not have', new OriginalMissingError()],
    ])('lets a job wait for %s, counts no attempt, and does others meanwhile', async (_what, missing) => {
      await using queue = await openQueue()
      const [done, failures]: [Job[], Job[]] = [[], []]
      let attempts = 0
      const render = async (given: Job) => {
        attempts += 1
        if (attempts <= 3) throw missing
        done.push(given)
      }
      await queue.enqueue(job)
      await using _work = queue.work({
        lane: 'live',
        handlers: { ...idle, resize: render, filter: async (given) => void done.push(given) },
        onFailed: async (given) => void failures.push(given),
      })
      await expect.poll(() => attempts).toBeGreaterThan(0)
      await queue.enqueue(other)

      await expect.poll(() => done).toEqual([other, job])
      expect(failures).toEqual([])
    })

    test('does not retry what a retry can not mend', async () => {
      await using queue = await openQueue()
      let attempts = 0
      const failed = Promise.withResolvers<Error>()

      await queue.enqueue(job)
      await using _work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async () => {
            attempts += 1
            throw new CorruptPhotoError()
          },
        },
        onFailed: async (_job, error) => failed.resolve(error),
      })

      expect(await failed.promise).toBeInstanceOf(CorruptPhotoError)
      expect(attempts).toBe(1)
    })

    test('counts each death of a worker as an attempt, and gives up after three', async () => {
      await using queue = await openQueue()
      const finish = Promise.withResolvers<void>()
      const failed = Promise.withResolvers<[Job, Error]>()
      const worksUntilItDies = async (orphan: Claim | null) => {
        const claimed = Promise.withResolvers<Claim>()
        const work = queue.work({
          lane: 'live',
          handlers: { ...idle, resize: () => finish.promise },
          onFailed: async (...told) => failed.resolve(told),
          onClaim: (claim) => claim && claimed.resolve(claim),
          orphan,
        })
        return { work, claimed: claimed.promise }
      }
      await queue.enqueue(job)

      const first = await worksUntilItDies(null)
      const second = await worksUntilItDies(await first.claimed)
      const third = await worksUntilItDies(await second.claimed)
      const fourth = await worksUntilItDies(await third.claimed)
      const [told, error] = await failed.promise

      expect(told).toEqual(job)
      expect(error).toBeInstanceOf(WorkerDiedError)
      expect(await queue.state(job)).toEqual({ name: 'failed', code: 'worker_died', message: error.message })
      finish.resolve()
      await Promise.all([first, second, third, fourth].map(({ work }) => work[Symbol.asyncDispose]()))
    })

    test('leaves a job alone that another worker has begun since its worker died', async () => {
      await using queue = await openQueue()
      const finish = Promise.withResolvers<void>()
      const claimed = Promise.withResolvers<Claim>()
      const failures: Error[] = []
      const work: Work = {
        lane: 'live',
        handlers: { ...idle, resize: () => finish.promise },
        onFailed: async (_job, error) => void failures.push(error),
        onClaim: (claim) => claim && claimed.resolve(claim),
      }
      await queue.enqueue(job)
      await using _living = queue.work(work)
      const { key } = await claimed.promise

      await queue
        .work({ ...work, orphan: { key, token: 'of a lock that has run out' } })
        [Symbol.asyncDispose]()
      finish.resolve()

      await expect.poll(async () => await queue.state(job)).toEqual({ name: 'missing' })
      expect(failures).toEqual([])
    })

    test('tells of jobs by lane, kind and state, and of those that failed why', async () => {
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
      const failedAt = expect.any(Date)
      expect((await Array.fromAsync(queue.failed(10))).flat()).toEqual([
        { lane: 'live', job: torn, attempts: 1, failedAt, code: 'corrupt_photo', message },
      ])
    })

    test('enqueues a failed job afresh', async () => {
      await using queue = await openQueue()
      const failed = Promise.withResolvers<void>()
      let isMended = false
      const done = Promise.withResolvers<void>()
      await using _work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async () => {
            if (!isMended) throw new CorruptPhotoError()
            done.resolve()
          },
        },
        onFailed: async () => failed.resolve(),
      })
      await queue.enqueue(job)
      await failed.promise

      isMended = true
      await queue.enqueue(job)

      await done.promise
    })

    test('enqueues a failed job afresh from several places at once, while it is begun', async () => {
      await using queue = await openQueue()
      let isMended = false
      const failed = Promise.withResolvers<void>()
      const finish = Promise.withResolvers<void>()
      await using _work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async () => {
            if (!isMended) throw new CorruptPhotoError()
            await finish.promise
          },
        },
        onFailed: async () => failed.resolve(),
      })
      await queue.enqueue(job)
      await failed.promise

      isMended = true
      const enqueued = await Promise.allSettled(Array.from({ length: 20 }, () => queue.enqueue(job)))
      finish.resolve()

      expect(enqueued.filter(({ status }) => status === 'rejected')).toEqual([])
      await expect.poll(async () => await queue.state(job)).toEqual({ name: 'missing' })
    })

    test('waits for the job that runs when its worker is disposed, and starts no other', async () => {
      await using queue = await openQueue()
      const started = Promise.withResolvers<void>()
      const finish = Promise.withResolvers<void>()
      const done: Job[] = []
      await queue.enqueue(job)
      await queue.enqueue(other)
      const work = queue.work({
        lane: 'live',
        handlers: {
          ...idle,
          resize: async (given) => {
            started.resolve()
            await finish.promise
            done.push(given)
          },
          filter: async (given) => {
            done.push(given)
          },
        },
        onFailed: neverFailed,
      })
      await started.promise

      const disposed = work[Symbol.asyncDispose]()
      finish.resolve()
      await disposed

      expect(done).toEqual([job])
      expect(await queue.state(other)).toEqual({ name: 'pending' })
    })
  })
}
