import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { RunKind } from '../src/runs/run-kind.ts'
import { numbers, openServers, reached } from './support/run-servers.ts'
import { expireLeases, type RunServer, work } from './support/runs.ts'
import { recordedLog } from './support/service.ts'

async function start({ catalog }: RunServer, kind: RunKind): Promise<number> {
  return await catalog.runs.start({ kind: kind.name, selection: {}, slices: kind.slices({}) })
}

describe('a run', () => {
  test('is shared by servers, which have different parts of it, and each number is done once', async () => {
    await using opened = await openServers(2)
    const [a, b] = opened.servers
    const seen: { server: string; at: number }[] = []
    const kindOf = (server: string) =>
      numbers(async ({ from }) => {
        seen.push({ server, at: from })
        await expect.poll(() => new Set(seen.map((each) => each.server)).size).toBe(2)
      })
    const run = await start(a, kindOf('a'))

    await using _a = work(a, [kindOf('a')])
    await using _b = work(b, [kindOf('b')])
    await reached(a, run, 'complete')

    expect(seen.map(({ at }) => at).toSorted((x, y) => x - y)).toEqual([0, 5, 10, 15, 20, 25, 30, 35])
    expect(await b.catalog.runs.find(run)).toMatchObject({
      selected: 40,
      done: 40,
      skipped: 0,
      failed: 0,
      left: 0,
      parts: 4,
      partsEnded: 4,
    })
  })

  test('of nothing is complete at once', async () => {
    await using opened = await openServers(1)
    const { runs } = opened.servers[0].catalog

    const run = await runs.start({ kind: 'numbers', selection: {}, slices: [] })

    expect(await runs.find(run)).toMatchObject({ state: 'complete', selected: 0, done: 0, left: 0 })
  })

  test('is counted as a whole before anything is done', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    const selected: number[] = []
    const kind = numbers(async (_, { run }) => selected.push((await server.catalog.runs.find(run)).selected))
    const run = await start(server, kind)

    await using _working = work(server, [kind])
    await reached(server, run, 'complete')

    expect(new Set(selected)).toEqual(new Set([40]))
  })

  test('that is paused does nothing until it is resumed, and goes on where it was', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    const done: number[] = []
    const go = Promise.withResolvers<void>()
    const kind = numbers(async ({ from }) => {
      done.push(from)
      if (done.length === 3) await go.promise
    })
    const run = await start(server, kind)
    await using _working = work(server, [kind])
    await expect.poll(() => done.length).toBe(3)

    const pausing = await server.catalog.runs.pause(run)
    go.resolve()
    await reached(server, run, 'paused')
    await sleep(500)

    expect(pausing.state).toBe('pausing')
    expect(done).toHaveLength(3)
    expect(await server.catalog.runs.find(run)).toMatchObject({ done: 15, left: 25 })
    await server.catalog.runs.resume(run)
    await reached(server, run, 'complete')
    expect(new Set(done).size).toBe(8)
    expect(done).toHaveLength(8)
  })

  test('that is paused when its last photo is done is complete', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    const { runs } = server.catalog
    const kind: RunKind = {
      ...numbers(),
      slices: () => [{}],
      work: async function* (_engines, { run }) {
        yield { cursor: 10, done: 10 }
        await runs.pause(run)
      },
      count: async () => 10,
    }
    const run = await start(server, kind)

    await using _working = work(server, [kind])
    await reached(server, run, 'complete')

    await expect(runs.resume(run)).rejects.toThrow(`Run ${run} is complete`)
  })

  test('that is cancelled keeps what it did, and nothing can be done with it any more', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    const run = await start(server, numbers())

    await server.catalog.runs.cancel(run)

    await using _working = work(server, [numbers()])
    await sleep(500)
    expect(await server.catalog.runs.find(run)).toMatchObject({ state: 'cancelled', done: 0 })
    await expect(server.catalog.runs.resume(run)).rejects.toThrow(`Run ${run} is cancelled`)
    await expect(server.catalog.runs.pause(99)).rejects.toThrow('There is no run 99')
  })

  test('goes on at another server at once when one is stopped, from its last step', async () => {
    await using opened = await openServers(2)
    const [a, b] = opened.servers
    const stuck = numbers(async ({ from }) => {
      if (from % 10 === 5) await new Promise(() => {})
    })
    const run = await start(a, stuck)
    {
      await using _a = work(a, [stuck])
      await expect.poll(async () => (await a.catalog.runs.find(run)).done).toBe(5)
    }
    const done: number[] = []

    await using _b = work(b, [numbers(async ({ from }) => done.push(from))])
    await reached(b, run, 'complete')

    expect(done).toHaveLength(7)
    expect(await b.catalog.runs.find(run)).toMatchObject({ done: 40, left: 0 })
  })

  test('of a server that was held up goes on at another one, and nothing of the first is recorded', async () => {
    await using opened = await openServers(2)
    const [late, other] = opened.servers
    const go = Promise.withResolvers<void>()
    const held = numbers(async () => await go.promise)
    const run = await start(late, held)
    const { log, lines } = recordedLog('warn')
    await using _late = work(late, [held], log)
    await expect.poll(async () => (await late.catalog.runs.find(run)).holders.length).toBe(1)
    await expect.poll(async () => (await late.catalog.runs.find(run)).isCounted).toBe(true)
    await expireLeases(opened.database)

    await using _other = work(other, [numbers()])
    await reached(other, run, 'complete')
    go.resolve()

    await expect
      .poll(() => lines.map(({ msg }) => msg))
      .toContain('this server was held up, and another goes on with its part of a run')
    expect(await other.catalog.runs.find(run)).toMatchObject({ done: 40, left: 0 })
  })

  test('holds only the part whose engine is unavailable, says so, and does it when that is back', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    let isUnavailable = true
    const kind = numbers(async ({ from }) => {
      if (from === 10 && isUnavailable) throw new EngineUnavailableError('The database is unavailable.')
    })
    const run = await start(server, kind)

    await using _working = work(server, [kind])
    await expect.poll(async () => (await server.catalog.runs.find(run)).done).toBe(30)
    const held = await server.catalog.runs.find(run)
    isUnavailable = false
    await expireLeases(opened.database)
    await reached(server, run, 'complete')

    expect(held).toMatchObject({ partsHeld: 1, reason: 'The database is unavailable.', left: 10 })
    expect(await server.catalog.runs.find(run)).toMatchObject({ done: 40, partsHeld: 0, reason: null })
  })

  test('that has ended waits for nothing, whatever its last step waited for', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    const kind: RunKind = {
      ...numbers(),
      work: async function* () {
        yield { cursor: 10, done: 10, heldBecause: 'uploads wait for workers' }
      },
    }
    const run = await start(server, kind)

    await using _working = work(server, [kind])
    await reached(server, run, 'complete')

    expect(await server.catalog.runs.find(run)).toMatchObject({ done: 40, reason: null })
  })

  test('that must not go on stops, says why, and can be resumed when that is set right', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    let isRight = false
    const kind = numbers(async () => {
      if (!isRight) throw new SetupError('The bucket belongs to another installation.')
    })
    const run = await start(server, kind)

    await using _working = work(server, [kind])
    await reached(server, run, 'stopped')
    const stopped = await server.catalog.runs.find(run)
    isRight = true
    await server.catalog.runs.resume(run)
    await reached(server, run, 'complete')

    expect(stopped).toMatchObject({
      reason: 'The bucket belongs to another installation.',
      done: 0,
      left: 40,
    })
  })

  test('keeps what failed of it, by photo, with a code and a message', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    const photoId = '764879989359635463' as PhotoId
    const kind: RunKind = {
      ...numbers(),
      slices: () => [null],
      count: async () => 3,
      work: async function* () {
        yield {
          cursor: 1,
          done: 1,
          failed: [{ photoId, code: 'corrupt_photo', message: 'It is torn.', attempts: 1 }],
        }
        yield { cursor: 2, skipped: 1, tally: { gone: 1 } }
      },
    }
    const run = await start(server, kind)

    await using _working = work(server, [kind])
    await reached(server, run, 'complete')

    expect(await server.catalog.runs.find(run)).toMatchObject({
      selected: 3,
      done: 1,
      failed: 1,
      skipped: 1,
      tally: { gone: 1 },
    })
    const all = { code: null, after: null, limit: 10 }
    expect(await server.catalog.runFailures.page(run, all)).toMatchObject([
      { photoId, code: 'corrupt_photo', message: 'It is torn.', attempts: 1 },
    ])
    expect(await server.catalog.runFailures.page(run, { ...all, code: 'other' })).toEqual([])
  })
})

test('runs are forgotten 90 days after their end, and none before or that has no end', async () => {
  await using opened = await openServers(1)
  const [server] = opened.servers
  const { runs, recurringRuns } = server.catalog
  const [ended, recent, paused, cancelled] = [
    await start(server, numbers()),
    await start(server, numbers()),
    await start(server, numbers()),
    await start(server, numbers()),
  ]
  await recurringRuns.keep({ kind: 'recurring', slices: [{}], inSeconds: 0 })
  await runs.pause(paused)
  await runs.cancel(cancelled)
  await opened.database.query(`
    update runs set created_at = now() - interval '100 days';
    update run_parts set ended_at = now() - interval '91 days' where run = ${ended};
    update run_parts set ended_at = now() - interval '89 days' where run = ${recent};
    update run_parts set moved_at = now() - interval '99 days' where run not in (${ended}, ${recent})`)

  const forgotten = await runs.forgetEnded(90)

  expect(forgotten).toBe(2)
  const kept = (await runs.list()).map(({ kind, state }) => `${kind} ${state}`)
  expect(kept).toEqual(['recurring waiting', 'numbers paused', 'numbers complete'])
})
