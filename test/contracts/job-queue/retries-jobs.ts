import type { test as always } from 'vitest'
import {
  CorruptPhotoError,
  EngineUnavailableError,
  FilterMissingError,
  OriginalMissingError,
  WorkerDiedError,
} from '../../../src/errors.ts'
import type { Job } from '../../../src/queue/job.ts'
import type { Claim, Work } from '../../../src/queue/job-queue.ts'
import { idle } from '../../support/handlers.ts'
import type { OpenQueue } from './jobs.ts'
import { job, other } from './jobs.ts'

/** What a queue does with jobs that fail, and with those of workers that died. */
export function retriesJobs(openQueue: OpenQueue, test: typeof always): void {
  test('tries a job three times before it gives up, then tells and keeps it with its reason', async ({
    expect,
  }) => {
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

  test('tries a job as often as it takes while an engine is unavailable', async ({ expect }) => {
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

  test('leaves a job of a kind that a worker does not know to one that does, and counts no attempt', async ({
    expect,
  }) => {
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

  test.for([
    ['a filter that this worker does not have', new FilterMissingError('neon')],
    ['an original that the storage does not have', new OriginalMissingError()],
  ])(
    'lets a job wait for %s, counts no attempt, and does others meanwhile',
    async ([, missing], { expect }) => {
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
    },
  )

  test('does not retry what a retry can not mend', async ({ expect }) => {
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

  test('counts each death of a worker as an attempt, and gives up after three', async ({ expect }) => {
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

  test('leaves a job alone that another worker has begun since its worker died', async ({ expect }) => {
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

    await queue.work({ ...work, orphan: { key, token: 'of a lock that has run out' } })[Symbol.asyncDispose]()
    finish.resolve()

    await expect.poll(async () => await queue.state(job)).toEqual({ name: 'missing' })
    expect(failures).toEqual([])
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

  test('enqueues a failed job afresh from several places at once, while it is begun', async ({ expect }) => {
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
}
