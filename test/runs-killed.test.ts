import fc from 'fast-check'
import { expect, test } from 'vitest'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { CorruptPhotoError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Job } from '../src/queue/job.ts'
import type { JobHandler, JobQueue } from '../src/queue/job-queue.ts'
import { openPostgresQueue } from '../src/queue/postgres-queue.ts'
import type { RunKind } from '../src/runs/run-kind.ts'
import { steadily, throughJobs } from '../src/runs/through-jobs.ts'
import { openDatabaseWithoutShards, openTestDatabase, type TestDatabase } from './support/database.ts'
import { expireLeases, killable, openRunServer, work } from './support/runs.ts'
import { silentLog } from './support/service.ts'

const MINUTES = 60_000
const PATIENCE = { timeout: 2 * MINUTES, interval: 50 }
const PARTS = 3
const PHOTOS_EACH = 20

/** Photos that numbers stand for: one in eleven can't be made, one in seven is deleted when its job runs. */
const cannot = (n: number) => n % 11 === 0
const isDeleted = (n: number) => n % 7 === 0
const ids = Array.from({ length: PARTS * PHOTOS_EACH }, (_, n) => n)
const countOf = (is: (n: number) => boolean) => ids.filter(is).length
const EXPECTED = {
  selected: ids.length,
  failed: countOf(cannot),
  skipped: countOf((n) => isDeleted(n) && !cannot(n)),
  done: countOf((n) => !isDeleted(n) && !cannot(n)),
  left: 0,
}

type World = {
  kind: RunKind
  /** How often each number was made. */
  made: Map<number, number>
  handler: JobHandler
}

function openWorld(): World {
  const made = new Map<number, number>()
  const jobOf = (n: number): Job => ({ kind: 'finish', photoId: String(n) as PhotoId, edition: 0 })
  return {
    made,
    handler: async ({ photoId }) => {
      const n = Number(photoId)
      if (cannot(n)) throw new CorruptPhotoError()
      made.set(n, (made.get(n) ?? 0) + 1)
    },
    kind: {
      name: 'numbers',
      pauseMs: null,
      slices: () => Array.from({ length: PARTS }, (_, part) => ({ from: part * PHOTOS_EACH })),
      count: async () => PHOTOS_EACH,
      work: ({ queue }, part) => {
        const { from } = part.slice as { from: number }
        return throughJobs(
          queue,
          part,
          {
            next: async (cursor, limit) => {
              const start = (cursor as number | null) ?? from
              const end = Math.min(start + limit, from + PHOTOS_EACH)
              return {
                jobs: ids.slice(start, end).map(jobOf),
                cursor: end,
                isLast: end >= from + PHOTOS_EACH,
              }
            },
            look: async (jobs) =>
              new Map(
                jobs.flatMap(({ photoId }) => {
                  const n = Number(photoId)
                  if (isDeleted(n) && made.has(n)) return []
                  return [[photoId, made.has(n) ? ('done' as const) : ('due' as const)]]
                }),
              ),
            giveUp: async () => {},
          },
          { pace: steadily(6), lookMs: 20 },
        )
      },
    },
  }
}

function startWorker(queue: JobQueue, handler: JobHandler): AsyncDisposable {
  return queue.work({
    lane: 'batch',
    handlers: {
      resize: handler,
      import: handler,
      filter: handler,
      purge: handler,
      finish: handler,
      remake: handler,
      sample: handler,
      fanout: handler,
    },
    onFailed: async () => {},
  })
}

async function expectEachOnce({ made }: World, database: TestDatabase, run: number): Promise<void> {
  await using server = openRunServer(database)
  expect(await server.catalog.runs.find(run)).toMatchObject(EXPECTED)
  expect([...made.keys()].toSorted((a, b) => a - b)).toEqual(ids.filter((n) => !cannot(n)))
  expect(new Set(made.values())).toEqual(new Set([1]))
  const failures = await server.catalog.runFailures.page(run, { code: null, after: null, limit: 100 })
  expect(failures.map(({ photoId }) => Number(photoId))).toEqual(ids.filter(cannot))
}

test('killed at any moments and gone on, each selected photo is done once, and the counts add up at every moment', {
  timeout: 10 * MINUTES,
}, async () => {
  const kills = fc.array(
    fc.record({
      calls: fc.integer({ min: 1, max: 60 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
    { minLength: 1, maxLength: 8 },
  )
  await fc.assert(
    fc.asyncProperty(kills, async (kills) => {
      await using database = await openTestDatabase()
      await using queue = openPostgresQueue(database.url, silentLog)
      await using server = openRunServer(database, queue)
      const world = openWorld()
      await using _worker = startWorker(queue, world.handler)
      const { runs } = server.catalog
      const run = await runs.start({ kind: 'numbers', selection: {}, slices: world.kind.slices({}) })
      const expectSum = async () => {
        const { selected, done, skipped, failed, left, inFlight, isCounted } = await runs.find(run)
        expect(done + skipped + failed + left).toBe(selected)
        expect(left).toBeGreaterThanOrEqual(inFlight)
        if (isCounted) expect(selected).toBe(EXPECTED.selected)
      }

      for (const kill of kills) {
        const victim = killable(server.engines, kill)
        await using _working = work(victim, [world.kind])
        const isOver = async () => (await runs.find(run)).state === 'complete'
        let isDead = false
        void victim.dead.then(() => (isDead = true))
        await expect
          .poll(async () => {
            await expectSum()
            return isDead || (await isOver())
          }, PATIENCE)
          .toBe(true)
        await expireLeases(database)
      }
      await using _last = work(server, [world.kind])
      await expect.poll(async () => (await runs.find(run)).state, PATIENCE).toBe('complete')

      await expectEachOnce(world, database, run)
    }),
    { numRuns: 8, endOnFailure: true },
  )
})

test('a queue that is emptied under a run loses none of its photos', async () => {
  await using database = await openTestDatabase()
  await using queue = openPostgresQueue(database.url, silentLog)
  await using server = openRunServer(database, queue)
  const world = openWorld()
  const { runs } = server.catalog
  const run = await runs.start({ kind: 'numbers', selection: {}, slices: world.kind.slices({}) })
  await using _working = work(server, [world.kind])
  await expect.poll(async () => (await queue.counts()).waiting, PATIENCE).toBeGreaterThan(0)

  await database.query('delete from bullmq.job')
  await using _worker = startWorker(queue, world.handler)
  await expect.poll(async () => (await runs.find(run)).state, PATIENCE).toBe('complete')

  await expectEachOnce(world, database, run)
})

test('a run goes on while the shard it lies beside moves to another database', async () => {
  await using a = await openTestDatabase()
  await using b = await openDatabaseWithoutShards()
  await using queue = openPostgresQueue(a.url, silentLog)
  await using one = openRunServer(a, queue)
  await using other = openRunServer(a, queue)
  const world = openWorld()
  await using _worker = startWorker(queue, world.handler)
  const { runs } = one.catalog
  const run = await runs.start({ kind: 'numbers', selection: {}, slices: world.kind.slices({}) })
  await using _one = work(one, [world.kind])
  await using _other = work(other, [world.kind])
  await expect.poll(async () => (await runs.find(run)).done, PATIENCE).toBeGreaterThan(0)

  await moveShards(allShardsAt(a.url), { from: 0, to: 63 }, b.url)
  await expect.poll(async () => (await runs.find(run)).state, PATIENCE).toBe('complete')
  const next = await runs.start({ kind: 'numbers', selection: {}, slices: [] })

  await expectEachOnce(world, a, run)
  expect(next).toBe(run + 1)
  expect(await a.query('select count(*)::int from runs')).toEqual([{ count: 0 }])
  expect(await b.query('select count(*)::int from run_failures')).toEqual([{ count: EXPECTED.failed }])
})
