import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { GIVE_UP_MS } from '../src/webhooks/relay.ts'
import { always, type Received } from './support/receiver.ts'
import { eventsOf, happen, hurry, openRelay, sendRefused, statusOf, taken } from './support/relay.ts'
import { recordedLog } from './support/service.ts'

const FAST = { interval: 20 }

describe('an app that takes nothing', () => {
  test.each([
    ['is overloaded', always(503), 'It answered 503'],
    [
      'leads elsewhere',
      always(308, { location: 'https://b.example.com/' }),
      'It answered 308 to https://b.example.com/',
    ],
  ])('as it %s is tried again, with the same message until it is taken', async (_name, reply, because) => {
    await using it = await openRelay()
    await it.begin()
    await happen(it, 'alice', 2)
    it.receiver.reply = reply

    await using _telling = it.tell()
    await expect.poll(async () => (await statusOf(it)).state, FAST).toBe('failing')
    const [run] = await it.server.catalog.runs.list()
    await expect.poll(async () => (await it.server.catalog.runs.find(run?.id ?? 0)).reason).toContain(because)
    await happen(it, 'bob')
    await expect
      .poll(async () => {
        await hurry(it)
        return it.receiver.received.length
      }, FAST)
      .toBeGreaterThan(3)
    it.receiver.reply = always(200)
    await expect
      .poll(async () => {
        await hurry(it)
        return new Set(eventsOf(it.receiver.accepted).map(({ id }) => id)).size
      }, FAST)
      .toBe(3)

    const [first, ...others] = it.receiver.received.slice(0, -1) as [Received, ...Received[]]
    for (const { id, body } of others) expect([id, body]).toEqual([first.id, first.body])
    await expect.poll(async () => await statusOf(it)).toMatchObject({ state: 'on', because: null })
  })

  test('is left alone for as long as it asks', async () => {
    await using it = await openRelay()
    await it.begin()
    await happen(it, 'alice')
    it.receiver.reply = always(429, { 'retry-after': '900' })

    await using _telling = it.tell()
    await expect.poll(async () => (await statusOf(it)).state, FAST).toBe('failing')

    const due = async () =>
      await it.database.query(
        `select extract(epoch from due_at - now())::int as seconds from run_parts where holder is null`,
      )
    await expect.poll(due).toEqual([{ seconds: expect.any(Number) }])
    const [{ seconds }] = (await due()) as [{ seconds: number }]
    expect(seconds).toBeGreaterThan(890)
  })

  test('is asked less and less often, for five minutes at most, however it says so', async () => {
    await using it = await openRelay()
    await it.begin()
    await happen(it, 'alice', 8)
    it.receiver.reply = always(500)

    await using _telling = it.tell()
    const waits: number[] = []
    for (let last = ''; waits.length < 12; await sleep(20)) {
      const [row] = (await it.database.query(
        `select extract(epoch from due_at - now())::float8 as seconds, cursor->'failing'->>'times' as times
         from run_parts where holder is null and cursor->'failing'->>'times' is not null`,
      )) as { seconds: number; times: string }[]
      if (row && row.times !== last) {
        waits.push(row.seconds)
        last = row.times
        await hurry(it)
      }
      await sendRefused(it)
    }

    expect(waits.every((wait) => wait < 380)).toBe(true)
    expect(waits.at(-1)).toBeGreaterThan(200)
    expect(waits[0]).toBeLessThan(2)
    // Each time it was asked once: it is known by now that it takes nothing.
    expect(it.receiver.received.length).toBeLessThan(25)
  })

  test('for three days is sent nothing more, until an operator says so', async () => {
    await using it = await openRelay()
    const { log, lines } = recordedLog('error')
    await it.begin()
    const [id] = await happen(it, 'alice')
    it.receiver.reply = always(502, {}, 'no upstream')
    await using _telling = it.tell(it.server.engines, log)
    await expect.poll(async () => (await statusOf(it)).state, FAST).toBe('failing')

    const since = new Date(Date.now() - GIVE_UP_MS).toISOString()
    await expect
      .poll(async () => {
        await it.database.query(
          `update run_parts set due_at = now(), cursor = jsonb_set(cursor, '{failing,since}', '"${since}"')
           where holder is null and cursor->'failing' <> 'null'`,
        )
        return (await statusOf(it)).state
      }, FAST)
      .toBe('off')

    const { because } = await statusOf(it)
    expect(because).toBe(`${it.receiver.url} takes nothing since ${since}. It answered 502: no upstream`)
    const told = { reason: because, msg: expect.stringContaining('darkroom webhooks on') }
    await expect.poll(() => lines).toMatchObject([told])
    const sent = it.receiver.received.length
    it.receiver.reply = always(204)
    await hurry(it)
    const { run } = await statusOf(it)
    await it.server.catalog.runs.resume(run as number)
    await taken(it, 1)
    expect(eventsOf(it.receiver.accepted)).toMatchObject([{ id }])
    expect(it.receiver.received.length).toBe(sent + 1)
    await expect.poll(async () => (await statusOf(it)).state).toBe('on')
  })

  test('any more, as it is gone, is sent nothing more at once', async () => {
    await using it = await openRelay()
    await it.begin()
    await happen(it, 'alice', 5)
    it.receiver.reply = always(410)

    await using _telling = it.tell()
    await expect.poll(async () => (await statusOf(it)).state, FAST).toBe('off')

    expect(it.receiver.received).toHaveLength(1)
    expect((await statusOf(it)).because).toBe(`${it.receiver.url} is gone. It answered 410 Gone`)
  })
})
