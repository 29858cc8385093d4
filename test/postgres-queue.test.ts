import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { openPool } from '../src/postgres/connections.ts'
import type { Job } from '../src/queue/job.ts'
import type { Claim } from '../src/queue/job-queue.ts'
import { patientPool } from '../src/queue/patient-pool.ts'
import { openPostgresQueue } from '../src/queue/postgres-queue.ts'
import { owning } from './contracts/job-queue/jobs.ts'
import { jobQueueContract } from './contracts/job-queue.ts'
import { openTestDatabase } from './support/database.ts'
import { idle, nothing } from './support/handlers.ts'
import { startProxy } from './support/proxy.ts'
import { recordedLog, silentLog } from './support/service.ts'

jobQueueContract('BullMQ on PostgreSQL', async () => {
  const database = await openTestDatabase()
  return owning(openPostgresQueue(database.url, silentLog), database)
})

test.concurrent('a queue whose server is unavailable says so', async ({ expect }) => {
  await using queue = openPostgresQueue('postgres://nobody:x@127.0.0.1:1/none', silentLog)

  await expect(queue.check()).rejects.toThrow(EngineUnavailableError)
})

test.concurrent('a queue and a worker that began while the server was unavailable go on when it is there', async ({
  expect,
}) => {
  await using database = await openTestDatabase()
  await using proxy = await startProxy(database.url)
  await proxy.cut()
  await using queue = openPostgresQueue(proxy.url, silentLog)
  const job: Job = { kind: 'resize', photoId: '764879989359635463' as PhotoId }
  const done = Promise.withResolvers<Job>()
  await using _work = queue.work({
    lane: 'live',
    handlers: { ...idle, resize: async (given) => done.resolve(given) },
    onFailed: nothing,
  })
  await expect(queue.enqueue(job)).rejects.toThrow(EngineUnavailableError)

  await proxy.mend()
  await expect.poll(async () => await queue.enqueue(job).then(() => 'promised', String)).toBe('promised')

  expect(await done.promise).toEqual(job)
})

test.concurrent('what a worker asks first has its answer when the server died meanwhile, and is back', async ({
  expect,
}) => {
  await using database = await openTestDatabase()
  await using proxy = await startProxy(database.url)
  await using opened = openPool({ url: proxy.url, options: '-c search_path=bullmq' })
  const pool = patientPool(opened.pool, silentLog, new AbortController().signal)
  const client = await pool.connect()

  await proxy.cut()
  const asked = client.query('select count(*)::int from migration')
  await sleep(200)
  await proxy.mend()

  expect((await asked).rows).toEqual([{ count: expect.any(Number) }])
  client.release()
})

test.concurrent('a job whose lock ran out three times, though no worker died of it, is still done', async ({
  expect,
}) => {
  await using database = await openTestDatabase()
  await using queue = openPostgresQueue(database.url, silentLog)
  await using workers = new AsyncDisposableStack()
  const job: Job = { kind: 'resize', photoId: '764879989359635463' as PhotoId }
  const ended = Promise.withResolvers<string>()
  const hanging = Promise.withResolvers<void>()
  using _ = { [Symbol.dispose]: () => hanging.resolve() }
  const startWorker = (render: () => Promise<void>) => {
    const claimed = Promise.withResolvers<Claim>()
    workers.use(
      queue.work({
        lane: 'live',
        handlers: { ...idle, resize: render },
        onFailed: async (_job, { message }) => ended.resolve(message),
        onClaim: (claim) => claim && claimed.resolve(claim),
      }),
    )
    return claimed.promise
  }
  await queue.enqueue(job)

  for (let times = 0; times < 3; times++) {
    const { token } = await startWorker(() => hanging.promise)
    await database.query(
      `update bullmq.job set locked_until_ms = 0, stalled_marked = true where lock_token = '${token}'`,
    )
  }
  startWorker(async () => ended.resolve('done'))

  expect(await ended.promise).toBe('done')
})

test.concurrent('a job whose engine is unavailable costs no attempt, also while the queue is unavailable with it', async ({
  expect,
}) => {
  await using database = await openTestDatabase()
  await using proxy = await startProxy(database.url)
  await using queue = openPostgresQueue(proxy.url, silentLog)
  const job: Job = { kind: 'resize', photoId: '764879989359635463' as PhotoId }
  const ended = Promise.withResolvers<string>()
  let runs = 0
  const render = async () => {
    runs += 1
    if (runs > 4) return ended.resolve('done')
    await proxy.cut()
    setTimeout(() => void proxy.mend(), 500)
    throw new EngineUnavailableError('The storage does not answer.')
  }
  await queue.enqueue(job)
  await using _work = queue.work({
    lane: 'live',
    handlers: { ...idle, resize: render },
    onFailed: async () => ended.resolve('failed'),
  })

  expect(await ended.promise).toBe('done')
})

test.concurrent('a queue whose database is read-only is unavailable', async ({ expect }) => {
  await using database = await openTestDatabase()
  const name = new URL(database.url).pathname.slice(1)
  await database.query(`alter database ${name} set default_transaction_read_only = on`)
  await using queue = openPostgresQueue(database.url, silentLog)

  await expect(queue.check()).rejects.toThrow(EngineUnavailableError)
})

test.concurrent('a worker whose queue fails rests after each time, and says so once', async ({ expect }) => {
  await using database = await openTestDatabase()
  const { log, lines } = recordedLog()
  await database.query('drop table bullmq.job cascade')
  await using queue = openPostgresQueue(database.url, log)
  await using _work = queue.work({
    lane: 'live',
    handlers: idle,
    onFailed: nothing,
  })

  await expect.poll(() => lines.length).toBeGreaterThan(0)
  await sleep(3_000)

  const told = lines.map(({ msg, err }) => (err as Error | undefined)?.message ?? msg)
  expect(told).toEqual([...new Set(told)])
})

test.concurrent('a worker that waits for a server that is unavailable can be stopped', async ({ expect }) => {
  await using queue = openPostgresQueue('postgres://nobody:x@127.0.0.1:1/none', silentLog)
  const work = queue.work({
    lane: 'live',
    handlers: idle,
    onFailed: nothing,
  })
  await expect(queue.check()).rejects.toThrow(EngineUnavailableError)

  await work[Symbol.asyncDispose]()
})

test.concurrent('what the lanes demand, and whether jobs are taken, is read by an index, however many jobs wait', async ({
  expect,
}) => {
  await using database = await openTestDatabase()
  await database.query(
    `insert into bullmq.job (queue, id, seq, name, state, added_at_ms)
     select 'darkroom-batch', 'finish-' || n, n, 'finish', 'waiting', 0 from generate_series(1, 50000) n`,
  )
  await database.query('analyze bullmq.job')
  const rowsRead = async () =>
    await database.query(
      `select seq_scan, seq_tup_read, idx_tup_fetch <= 2000 as is_little from pg_stat_user_tables where relname = 'job'`,
    )
  const before = await rowsRead()
  {
    await using queue = openPostgresQueue(database.url, silentLog)
    await queue.check()
    expect(await queue.demand()).toEqual({ live: 0, batch: 256 })
    expect(await queue.oldestWaiting('batch')).toEqual(new Date(0))
    expect(await queue.oldestWaiting('live')).toBeNull()
  }

  // Its connections have ended, and told what they read.
  expect(await rowsRead()).toEqual(before)
})
