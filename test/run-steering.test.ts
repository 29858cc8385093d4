import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { startSequel } from '../src/reprocess/sequels.ts'
import type { RunKind } from '../src/runs/run-kind.ts'
import { numbers, openServers, reached } from './support/run-servers.ts'
import { work } from './support/runs.ts'

const CHANGED = { code: 'run_changed' }

const failing: RunKind = {
  ...numbers(),
  slices: () => ['a', 'b'],
  count: async () => 2,
  work: async function* (_engines, { slice }) {
    const failed = ['1', '2'].map((n) => ({
      photoId: `${slice === 'a' ? '' : '1'}${n}` as PhotoId,
      code: n === '1' ? 'corrupt_photo' : `only_${slice}`,
      message: 'It is torn.',
      attempts: 1,
    }))
    yield { cursor: 1, failed: failed.slice(0, 1) }
    yield { cursor: 2, failed: failed.slice(1) }
  },
}

async function openRuns() {
  const opened = await openServers(1)
  const [server] = opened.servers
  const { runs, runFailures } = server.catalog
  const start = async () =>
    await runs.start({ kind: 'numbers', selection: { pace: { rate: 1 } }, slices: [{}] })
  return { server, runs, runFailures, start, [Symbol.asyncDispose]: opened[Symbol.asyncDispose] }
}

describe('a run that several operators see', () => {
  test('is steered by whoever has seen its last version, and by nobody else', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    const run = await opened.start()
    const { version } = await runs.find(run)

    const paused = await runs.pause(run, { version, by: 'ann' })

    await expect(runs.cancel(run, { version, by: 'bob' })).rejects.toMatchObject(CHANGED)
    await expect(runs.changePace(run, { rate: 2 }, { version })).rejects.toMatchObject(CHANGED)
    await expect(runs.claim(run, { version })).rejects.toMatchObject(CHANGED)
    expect(paused).toMatchObject({ state: 'paused', steeredBy: 'ann' })
    expect(paused.version).toBeGreaterThan(version)
    expect(await runs.resume(run, { version: paused.version })).toMatchObject({ state: 'running' })
  })

  test('is rolled back once, also by those who have not said which version they have seen', async () => {
    await using opened = await openRuns()
    const { server, runs } = opened
    const run = await runs.start({ kind: 'reprocess', selection: { work: { keepSeconds: 60 } }, slices: [] })
    const { promise, resolve } = Promise.withResolvers<void>()
    let looked = 0
    const find = runs.find.bind(runs)
    using _both = vi.spyOn(runs, 'find').mockImplementation(async (id) => {
      const report = await find(id)
      looked += 1
      if (looked === 2) resolve()
      await promise
      return report
    })

    const asked = await Promise.allSettled([1, 2].map(() => startSequel(server.catalog, 'rollback', run)))

    expect(asked.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({ reason: CHANGED })
    expect((await runs.list()).filter(({ kind }) => kind === 'rollback')).toHaveLength(1)
  })

  test('has another version when servers stop it, and none when what was asked for is so already', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    const run = await opened.start()
    const first = await runs.find(run)

    const same = await runs.resume(run)
    await runs.stop(run, 'too many failed')
    const stopped = await runs.find(run)

    expect(same.version).toBe(first.version)
    expect(stopped.version).toBeGreaterThan(first.version)
    await expect(runs.cancel(run, { version: first.version })).rejects.toMatchObject(CHANGED)
  })

  test('keeps to another pace from the next version on, and keeps the limits that were not named', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    const run = await opened.start()
    const { version } = await runs.find(run)

    const changed = await runs.changePace(run, { share: 50 }, { version })

    expect(changed.version).toBeGreaterThan(version)
    expect(await runs.paceOf(run)).toEqual({ rate: 1, share: 50 })
  })

  test('is claimed once for what follows from it', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    const run = await opened.start()
    const { version } = await runs.find(run)

    const claims = await Promise.allSettled([runs.claim(run, { version }), runs.claim(run, { version })])

    expect(claims.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('is begun once for a request that is sent again, and says what it was asked by', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    const wanted = { kind: 'numbers', selection: {}, slices: [{}] }
    const request = { by: 'ann', key: 'k', fingerprint: 'this' }

    const [first, again, others] = [
      await runs.startOnce(wanted, request),
      await runs.startOnce(wanted, { ...request, fingerprint: 'that' }),
      await runs.startOnce(wanted, { ...request, by: 'bob' }),
    ]

    expect(first.isNew).toBe(true)
    expect(again).toEqual({ run: first.run, isNew: false, fingerprint: 'this' })
    expect(others).toMatchObject({ isNew: true })
    expect((await runs.list()).map(({ id }) => id)).toEqual([others.run, first.run])
  })
})

describe('what is told of a run', () => {
  test('is for how long it has run, without its pauses and what comes after its end', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    const run = await opened.start()
    await sleep(120)
    await runs.pause(run)
    const { ranSeconds } = await runs.find(run)
    await sleep(120)

    expect(ranSeconds).toBeGreaterThan(0.1)
    expect(await runs.find(run)).toMatchObject({ ranSeconds })
    await runs.resume(run)
    await sleep(20)
    expect((await runs.find(run)).ranSeconds).toBeGreaterThan(ranSeconds)
    await runs.cancel(run)
    const cancelled = await runs.find(run)
    await sleep(20)
    expect(await runs.find(run)).toEqual(cancelled)
  })

  test('is how many photos failed with each code, over all parts', async () => {
    await using opened = await openRuns()
    const { server, runs, runFailures } = opened
    const run = await runs.start({ kind: 'numbers', selection: {}, slices: failing.slices({}) })
    await using _working = work(server, [failing])
    await reached(server, run, 'complete')

    expect(await runFailures.codes(run)).toEqual([
      { code: 'corrupt_photo', count: 2 },
      { code: 'only_a', count: 1 },
      { code: 'only_b', count: 1 },
    ])
    const page = { code: 'corrupt_photo', after: null, limit: 1 }
    const [first] = await runFailures.page(run, page)
    expect(first?.photoId).toBe('1')
    expect(await runFailures.page(run, { ...page, after: '1' as PhotoId, limit: 9 })).toMatchObject([
      { photoId: '11' },
    ])
  })

  test('is told in pages, what recurs on the first alone', async () => {
    await using opened = await openRuns()
    const { runs } = opened
    await opened.server.catalog.recurringRuns.keep({ kind: 'sweep', slices: [{}], inSeconds: 9 })
    const started = [await opened.start(), await opened.start(), await opened.start()]

    const first = await runs.page({ before: null, limit: 2 })
    const next = await runs.page({ before: first.at(-1)?.id ?? 0, limit: 2 })

    expect(first.map(({ kind, id }) => (kind === 'sweep' ? kind : id))).toEqual([
      'sweep',
      started[2],
      started[1],
    ])
    expect(next.map(({ id }) => id)).toEqual([started[0]])
  })
})
