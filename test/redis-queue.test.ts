import { expect, vi } from 'vitest'
import { endProcesses } from '../scripts/services/daemon.ts'
import { startRedis } from '../scripts/services/redis.ts'
import { parseRedisUrl, type RedisAddress } from '../src/config/redis-url.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { BullmqQueue } from '../src/queue/bullmq-queue.ts'
import type { Job } from '../src/queue/job.ts'
import { openRedisQueue } from '../src/queue/redis-queue.ts'
import { sweepJobs } from '../src/sweep/lost-jobs.ts'
import { owning } from './contracts/job-queue/jobs.ts'
import { jobQueueContract } from './contracts/job-queue.ts'
import { idle, nothing } from './support/handlers.ts'
import { fixture } from './support/pictures.ts'
import { startProxy } from './support/proxy.ts'
import { openTestCluster, openTestRedis, openTestSentinel, testWithRedis } from './support/redis.ts'
import { recordedLog, silentLog, startService } from './support/service.ts'
import { photoForm, postForm } from './support/uploads.ts'

const job: Job = { kind: 'resize', photoId: '764879989359635463' as PhotoId }
const inAMinute = () => new Date(Date.now() + 60_000)
const address = (url: string) => parseRedisUrl(url) as RedisAddress

/** A queue that is connected; the contract gives its servers back with it. */
async function openReady(url: string): Promise<BullmqQueue> {
  const queue = openRedisQueue(address(url), silentLog)
  // Of which test it is called expect does not know, as several run at once.
  await vi.waitFor(async () => await queue.check(), { timeout: 120_000 })
  return queue
}

const onServer = (open: () => Promise<AsyncDisposable & { url: string }>) => async () => {
  const server = await open()
  return owning(await openReady(server.url), server)
}

jobQueueContract('BullMQ on Redis', onServer(openTestRedis), testWithRedis)
jobQueueContract('BullMQ on a Redis cluster', onServer(openTestCluster), testWithRedis)
jobQueueContract('BullMQ on Redis behind sentinels', onServer(openTestSentinel), testWithRedis)

testWithRedis(
  'a service does not start on a Redis that may evict jobs, and is told the line that mends it',
  async () => {
    await using redis = await openTestRedis('--maxmemory-policy', 'allkeys-lru')

    const started = startService({ QUEUE_URL: redis.url })

    await expect(started).rejects.toThrow(SetupError)
    await expect(started).rejects.toThrow(
      `redis-cli -h 127.0.0.1 -p ${redis.port} CONFIG SET maxmemory-policy noeviction`,
    )
  },
)

testWithRedis('a service does not start on a Redis that refuses its password, and is told why', async () => {
  await using redis = await openTestRedis()
  await redis.command('config', 'set', 'requirepass', 'secret')
  const url = new URL(redis.url)

  await expect(startService({ QUEUE_URL: url.href })).rejects.toThrow(/can't be used: NOAUTH/)
  url.password = 'wrong'
  const refused = startService({ QUEUE_URL: url.href })
  await expect(refused).rejects.toThrow(SetupError)
  await expect(refused).rejects.toThrow(/can't be used: WRONGPASS.*[^.]\. Put QUEUE_URL right\.$/)
  url.password = 'secret'
  await using _service = await startService({ QUEUE_URL: url.href })
})

testWithRedis('a queue that is unavailable says why', async () => {
  await using queue = openRedisQueue(address('redis://127.0.0.1:1'), silentLog)

  await expect(queue.check()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await expect(queue.enqueue(job)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
})

testWithRedis(
  'while Redis is unavailable uploads are taken in at once, and the sweep promises their work when it is back',
  async () => {
    await using redis = await openTestRedis()
    await using proxy = await startProxy(redis.url)
    await using service = await startService({ QUEUE_URL: proxy.url })
    const ready = async () => (await fetch(`${service.url}/readyz`)).status
    await expect.poll(ready).toBe(200)

    await proxy.cut()
    const uploaded = await postForm(service, photoForm(await fixture('plain.jpg')))
    const { id } = (await uploaded.json()) as { id: PhotoId }
    const readyWhileUnavailable = await ready()
    await proxy.mend()
    await expect.poll(ready).toBe(200)
    const mended = await sweepJobs(service, silentLog, inAMinute())

    expect(uploaded.status).toBe(201)
    expect(readyWhileUnavailable).toBe(503)
    expect(mended).toBe(1)
    await using _work = service.work()
    await expect.poll(async () => (await service.catalog.photos.find(id))?.status).toBe('ready')
  },
)

testWithRedis('a Redis that hangs is unavailable', async () => {
  await using redis = await openTestRedis()
  await using queue = await openReady(redis.url)

  process.kill(redis.pid, 'SIGSTOP')
  await expect(queue.enqueue(job)).rejects.toThrow(EngineUnavailableError)
  process.kill(redis.pid, 'SIGCONT')

  await expect.poll(async () => await queue.enqueue(job).then(() => 'promised', String)).toBe('promised')
})

testWithRedis('a Redis that is full is unavailable', async () => {
  await using redis = await openTestRedis()
  await using queue = await openReady(redis.url)
  await redis.command('config', 'set', 'maxmemory', '1')

  await expect(queue.enqueue(job)).rejects.toThrow(EngineUnavailableError)
})

testWithRedis('a Redis that was emptied loses no photo', async () => {
  await using redis = await openTestRedis()
  await using service = await startService({ QUEUE_URL: redis.url })
  const ids: PhotoId[] = []
  for (let photo = 0; photo < 5; photo++) {
    const reply = await postForm(service, photoForm(await fixture('plain.jpg')))
    ids.push(((await reply.json()) as { id: PhotoId }).id)
  }
  await using _work = service.work()

  await redis.command('flushall')
  await sweepJobs(service, silentLog, inAMinute())

  const statuses = async () =>
    await Promise.all(ids.map(async (id) => (await service.catalog.photos.find(id))?.status))
  await expect.poll(statuses).toEqual(ids.map(() => 'ready'))
})

testWithRedis(
  'a job that Redis forgets while it is done is told in plain words, without a stack',
  async () => {
    await using redis = await openTestRedis()
    const { log, lines } = recordedLog('warn')
    await using queue = openRedisQueue(address(redis.url), log)
    const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const render = async () => {
      begun.resolve()
      await end.promise
    }
    await expect.poll(async () => await queue.enqueue(job).then(() => 'promised', String)).toBe('promised')
    await using _work = queue.work({
      lane: 'live',
      handlers: { ...idle, resize: render },
      onFailed: nothing,
    })

    await begun.promise
    await redis.command('flushall')
    end.resolve()

    await expect.poll(() => lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('done again')])
    expect(JSON.stringify(lines)).not.toContain('stack')
  },
)

testWithRedis('a worker that waits while Redis dies goes on with an empty one in its place', async () => {
  await using redis = await openTestRedis()
  await using queue = await openReady(redis.url)
  const done = Promise.withResolvers<Job>()
  await using _work = queue.work({
    lane: 'live',
    handlers: { ...idle, resize: async (given) => done.resolve(given) },
    onFailed: nothing,
  })

  await endProcesses([redis.pid], redis.folder)
  const reborn = await startRedis(redis.folder, redis.port)
  await using _end = { [Symbol.asyncDispose]: async () => await endProcesses([reborn], redis.folder) }
  await expect.poll(async () => await queue.enqueue(job).then(() => 'promised', String)).toBe('promised')

  expect(await done.promise).toEqual(job)
})

testWithRedis('a worker stops while Redis is unavailable', async () => {
  await using redis = await openTestRedis()
  await using proxy = await startProxy(redis.url)
  await using queue = await openReady(proxy.url)
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  let isFinished = false
  const work = queue.work({
    lane: 'live',
    handlers: {
      ...idle,
      resize: async () => {
        started.resolve()
        await finish.promise
        isFinished = true
      },
    },
    onFailed: nothing,
  })
  await queue.enqueue(job)
  await started.promise

  await proxy.cut()
  const stopped = work[Symbol.asyncDispose]()
  finish.resolve()
  await stopped

  expect(isFinished).toBe(true)
})
