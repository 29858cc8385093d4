import type { test as always } from 'vitest'
import type { Job, Lane } from '../../../src/queue/job.ts'
import { idle } from '../../support/handlers.ts'
import type { OpenQueue } from './jobs.ts'
import { batch, job, neverFailed, other } from './jobs.ts'

/** What a queue does with jobs. */
export function doesJobs(openQueue: OpenQueue, test: typeof always): void {
  test('does a job that was enqueued, with the kind and the photo it is about', async ({ expect }) => {
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

  test('does a job that was enqueued when a worker was waiting already', async ({ expect }) => {
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

  test('takes a job that is pending once', async ({ expect }) => {
    await using queue = await openQueue()

    await Promise.all([queue.enqueue(job), queue.enqueue(job), queue.enqueue(job)])
    await queue.enqueue(job)

    expect(await queue.counts()).toMatchObject({ waiting: 1 })
    expect(await queue.state(job)).toEqual({ name: 'pending' })
  })

  test('does the jobs of a lane, in their order, and none of the other', async ({ expect }) => {
    await using queue = await openQueue()
    const order: Record<Lane, Job[]> = { live: [], batch: [] }
    const worksOn = (lane: Lane) => {
      const note = async (given: Job) => void order[lane].push(given)
      const handlers = {
        resize: note,
        import: note,
        filter: note,
        purge: note,
        finish: note,
        remake: note,
        sample: note,
        fanout: note,
      }
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

  test('keeps nothing of a job that is done, so it may be enqueued again', async ({ expect }) => {
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

  test('waits for the job that runs when its worker is disposed, and starts no other', async ({ expect }) => {
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
}
