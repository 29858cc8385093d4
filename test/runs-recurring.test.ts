import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { SetupError } from '../src/errors.ts'
import type { RunKind } from '../src/runs/run-kind.ts'
import { workRuns } from '../src/runs/work-runs.ts'
import type { TestDatabase } from './support/database.ts'
import { numbers, openServers, reached } from './support/run-servers.ts'
import { expireLeases, work } from './support/runs.ts'
import { recordedLog, silentLog } from './support/service.ts'

test('a server that finds nothing to do asks one question every five seconds', async () => {
  await using opened = await openServers(1)
  const [{ engines, catalog }] = opened.servers
  using asked = vi.spyOn(catalog.runParts, 'take')

  await using _working = workRuns({ engines, kinds: [numbers()], log: silentLog })
  await sleep(2_000)

  expect(asked).toHaveBeenCalledTimes(1)
})

describe('a run that recurs', () => {
  const recurring = (pauseMs: number, work: RunKind['work']): RunKind => ({
    name: 'recurring',
    pauseMs,
    slices: () => [{}],
    work,
  })

  async function theRun(database: TestDatabase): Promise<number | undefined> {
    const [row] = (await database.query("select id from runs where kind = 'recurring'")) as { id: number }[]
    return row?.id
  }

  test('is there once for all servers; one has the lap, and the next comes after a pause', async () => {
    await using opened = await openServers(2)
    let running = 0
    let most = 0
    let laps = 0
    const kind = recurring(50, async function* () {
      running += 1
      most = Math.max(most, running)
      laps += 1
      await sleep(30)
      running -= 1
      yield { cursor: null, done: 1 }
    })

    await using _a = work(opened.servers[0], [kind])
    await using _b = work(opened.servers[1], [kind])
    await expect.poll(() => laps).toBeGreaterThan(5)

    expect(most).toBe(1)
    expect(await opened.database.query('select count(*)::int from runs')).toEqual([{ count: 1 }])
  })

  test('uses up no number of a run when servers start again', async () => {
    await using opened = await openServers(1)
    const { runs, recurringRuns } = opened.servers[0].catalog
    const sweep = { kind: 'sweep', slices: [{}], inSeconds: 60 }

    for (let server = 0; server < 3; server++) await recurringRuns.keep(sweep)

    expect(await runs.start({ kind: 'numbers', selection: {}, slices: [] })).toBe(2)
  })

  test('does not begin anew before its pause is over', async () => {
    await using opened = await openServers(2)
    let laps = 0
    const kind = recurring(600_000, async function* () {
      laps += 1
      yield { cursor: laps }
    })
    await using _a = work(opened.servers[0], [kind])
    await using _b = work(opened.servers[1], [kind])
    await expect.poll(async () => await opened.database.query('select part from run_parts')).toHaveLength(1)
    const run = (await theRun(opened.database)) as number
    await sleep(500)
    expect(laps).toBe(0)
    await expireLeases(opened.database)
    await expect.poll(() => laps).toBe(1)
    await reached(opened.servers[0], run, 'waiting')
    await sleep(500)

    expect(laps).toBe(1)
    expect((await opened.servers[0].catalog.runs.find(run)).endedAt).toBeNull()
    await expireLeases(opened.database)
    await expect.poll(() => laps).toBe(2)
  })

  test('that must not go on is told and tried again; it can be paused, not cancelled', async () => {
    await using opened = await openServers(1)
    const [server] = opened.servers
    let laps = 0
    const kind = recurring(50, async function* () {
      laps += 1
      yield { cursor: null }
      throw new SetupError('Whose the objects are is not known.')
    })
    const { log, lines } = recordedLog('error')
    await using _working = work(server, [kind], log)
    await expect.poll(() => laps).toBeGreaterThan(1)
    const run = (await theRun(opened.database)) as number

    expect(lines[0]).toMatchObject({
      kind: 'recurring',
      err: { message: 'Whose the objects are is not known.' },
      msg: 'a run must not go on; it is tried again',
    })
    await expect(server.catalog.runs.cancel(run)).rejects.toThrow('recurs')
    await server.catalog.runs.pause(run)
    await reached(server, run, 'paused')
    const before = laps
    await sleep(500)
    expect(laps).toBe(before)
  })
})
