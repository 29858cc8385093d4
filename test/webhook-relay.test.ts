import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PhotoEventId } from '../src/catalog/events/photo-events.ts'
import { HOLDING_REFUSALS } from '../src/catalog/events/webhook-events.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { resendPeriod } from '../src/webhooks/resend.ts'
import { webhookBacklog } from '../src/webhooks/status.ts'
import { openDatabaseWithoutShards } from './support/database.ts'
import { insertPhoto } from './support/photos.ts'
import { startProxy } from './support/proxy.ts'
import { always, type Received, type Reply } from './support/receiver.ts'
import { eventsOf, firstSeen, happen, hurry, openRelay, statusOf, taken } from './support/relay.ts'
import { expireLeases, killable, openRunServer } from './support/runs.ts'
import { ownersOf, startTraffic } from './support/shard-traffic.ts'

const FAST = { interval: 20 }

/** Refuses messages that have an event of this owner's. */
const refusing =
  (owner: string, reply: Reply = always(422)): Reply =>
  (message, response) =>
    eventsOf([message]).some((event) => event.owner === owner)
      ? reply(message, response)
      : always(204)(message, response)

describe('the app is told', () => {
  test('what happens to a photo, by an event with an id of its own', async () => {
    await using it = await openRelay()
    await it.begin()
    const { photos, renditions, removals } = it.server.catalog
    const owner = 'alice' as OwnerId
    const facts = { width: 4, height: 3, color: '#8a6f5b', thumbhash: 'AQID' }
    const id = await insertPhoto({ photos }, owner)
    await renditions.record(
      (await photos.find(id)) as Photo,
      { look: null, edition: 0 },
      { facts, renditions: [], recipe: 1 },
    )
    const other = await insertPhoto({ photos }, owner)
    await photos.fail(other, { code: 'corrupt_photo', message: 'x' })
    await removals.remove(id, owner)

    await using _telling = it.tell()
    await taken(it, 3)

    const [message] = it.receiver.accepted as [Received]
    const { type, timestamp, data } = JSON.parse(message.body)
    const events = data.events as object[]
    expect(it.receiver.accepted).toHaveLength(1)
    expect(message.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Darkroom' })
    expect(message.id).toMatch(/^msg_[\w-]{27}$/)
    expect(type).toBe('photo.events')
    expect(timestamp).toBe((events.at(-1) as { timestamp: string }).timestamp)
    const common = {
      id: expect.stringMatching(/^\d+$/),
      timing: null,
      timestamp: expect.stringMatching(/^20.*Z$/),
      owner,
    }
    expect(events).toEqual([
      { ...common, type: 'photo.ready', photo: id, visibility: 'public', isNew: true, failure: null },
      {
        ...common,
        type: 'photo.failed',
        photo: other,
        visibility: 'public',
        isNew: false,
        failure: 'corrupt_photo',
      },
      { ...common, type: 'photo.deleted', photo: id, visibility: 'public', isNew: false, failure: null },
    ])
    // Of the photo that is new its owner's followers are to be told.
    await expect
      .poll(() => it.jobs)
      .toMatchObject([{ kind: 'fanout', photoId: id, page: { number: 0, after: null } }])
  })

  test('of a hundred events in a request, in their order, and of each once', async () => {
    await using it = await openRelay()
    await it.begin()
    const ids = [...(await happen(it, 'alice', 120)), ...(await happen(it, 'bob', 130))]

    await using _telling = it.tell()
    await taken(it, 250)

    expect(it.receiver.accepted.map((message) => eventsOf([message]).length)).toEqual([100, 100, 50])
    expect(eventsOf(it.receiver.accepted).map(({ id }) => id)).toEqual(ids)
    await expect.poll(async () => (await webhookBacklog(it.server.catalog)).untold).toBe(0)
    const [run] = await it.server.catalog.runs.list()
    await expect.poll(async () => (await it.server.catalog.runs.find(run?.id ?? 0)).done).toBe(250)
  })

  test('nothing of before webhooks were configured', async () => {
    await using it = await openRelay()
    await happen(it, 'alice', 3)
    expect(await statusOf(it)).toMatchObject({ state: 'new' })

    await using _telling = it.tell()
    await expect.poll(async () => (await statusOf(it)).state).toBe('on')
    const [later] = await happen(it, 'alice')
    await taken(it, 1)

    expect(eventsOf(it.receiver.received).map(({ id }) => id)).toEqual([later])
  })

  test('by one of two servers at a time', async () => {
    await using it = await openRelay()
    await using other = openRunServer(it.database, it.server.engines.queue)
    await it.begin()

    await using _one = it.tell()
    await using _two = it.tell(other.engines)
    for (let n = 0; n < 20; n++) await happen(it, `owner-${n % 3}`, 5)
    await taken(it, 100)

    expect(eventsOf(it.receiver.received)).toHaveLength(100)
  })
})

describe('an event that the app refuses', () => {
  test('holds up the later ones of its owner, and no others; they come in their order when it is taken', async () => {
    await using it = await openRelay()
    await it.begin()
    const before = await happen(it, 'bob', 30)
    const held = await happen(it, 'alice', 3)
    const after = await happen(it, 'bob', 60)
    it.receiver.reply = refusing('alice')

    await using _telling = it.tell()
    await taken(it, 90)

    expect(firstSeen(it.receiver.accepted, 'bob')).toEqual([...before, ...after])
    const [refused] = await it.server.catalog.webhookEvents.refused(10)
    expect(refused).toMatchObject({ id: held[0], refusals: 1, because: 'It answered 422' })
    await expect
      .poll(async () => await webhookBacklog(it.server.catalog))
      .toMatchObject({ untold: 3, refused: 1 })
    it.receiver.reply = always(204)
    await hurry(it)
    await taken(it, 93)
    expect(firstSeen(it.receiver.accepted, 'alice')).toEqual(held)
    await expect.poll(async () => await it.server.catalog.webhookEvents.refused(10)).toEqual([])
  })

  test('holds them up no more after its fifth refusal, and is tried on by itself', async () => {
    await using it = await openRelay()
    await it.begin()
    const [poison, ...later] = await happen(it, 'alice', 4)
    it.receiver.reply = (message, response) =>
      eventsOf([message]).some(({ id }) => id === poison)
        ? always(500)(message, response)
        : always(204)(message, response)

    await using _telling = it.tell()
    await expect
      .poll(async () => {
        // Others are taken meanwhile, or else it would seem that the app takes nothing.
        await happen(it, 'bob')
        await hurry(it)
        return (await it.server.catalog.webhookEvents.refused(1))[0]?.refusals ?? 0
      }, FAST)
      .toBeGreaterThanOrEqual(HOLDING_REFUSALS)
    await expect.poll(() => firstSeen(it.receiver.accepted, 'alice'), FAST).toEqual(later)

    it.receiver.reply = always(204)
    await expect
      .poll(async () => {
        await hurry(it)
        return firstSeen(it.receiver.accepted, 'alice').toSorted()
      }, FAST)
      .toEqual([poison, ...later])
  })

  test('among many others, each of another owner, takes no more than itself with it', async () => {
    await using it = await openRelay()
    await it.begin()
    for (let n = 0; n < 60; n++) await happen(it, `owner-${n}`)
    it.receiver.reply = (message, response) =>
      eventsOf([message]).some(({ owner }) => /^owner-(7|8|31)$/.test(owner))
        ? response.socket?.destroy()
        : always(204)(message, response)

    await using _telling = it.tell()
    await taken(it, 57)

    await expect.poll(async () => (await it.server.catalog.webhookEvents.refused(10)).length, FAST).toBe(3)
  })
})

test('whatever an app answers for a while, each event is taken in the end, and those of an owner in their order', async () => {
  const replies = { ok: always(204), busy: always(503), broken: always(500), wrong: always(400) }
  const answers = fc.array(fc.constantFrom('ok', 'busy', 'broken', 'wrong', 'cut'), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(answers, fc.infiniteStream(fc.nat(2)), async (answers, owners) => {
      await using it = await openRelay()
      await it.begin()
      const ids = Map.groupBy(
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            const owner = `owner-${owners.next().value}`
            return { owner, id: (await happen(it, owner))[0] as string }
          }),
        ),
        ({ owner }) => owner,
      )
      const left = answers.values()
      it.receiver.reply = (message, response) => {
        const answer = left.next().value ?? 'ok'
        if (answer === 'cut') response.socket?.destroy()
        else replies[answer](message, response)
      }

      await using _telling = it.tell()
      await expect
        .poll(async () => {
          await hurry(it)
          return new Set(eventsOf(it.receiver.accepted).map(({ id }) => id)).size
        }, FAST)
        .toBe(10)

      for (const [owner, events] of ids) {
        const inOrder = events.map(({ id }) => id).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
        expect(firstSeen(it.receiver.accepted, owner)).toEqual(inOrder)
      }
    }),
    { numRuns: 6 },
  )
})

describe('whoever is killed', () => {
  test('between any two steps loses no event, and what is sent again is the same byte for byte', async () => {
    const moment = fc.record({
      calls: fc.integer({ min: 1, max: 90 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(moment, { minLength: 1, maxLength: 3 }), async (kills) => {
        await using it = await openRelay()
        await it.begin()
        const ids = new Map<string, string[]>()
        for (const kill of kills) {
          for (const owner of ['alice', 'bob'])
            ids.set(owner, [
              ...(ids.get(owner) ?? []),
              ...(await happen(it, owner, 60, { isNew: owner === 'alice' })),
            ])
          const { engines, dead } = killable(it.server.engines, kill)
          const telling = it.tell(engines)
          await dead
          await telling[Symbol.asyncDispose]()
          await expireLeases(it.database)
        }

        await using _telling = it.tell()
        await taken(it, kills.length * 120)

        for (const [owner, all] of ids) expect(firstSeen(it.receiver.accepted, owner)).toEqual(all)
        for (const messages of Map.groupBy(it.receiver.received, ({ id }) => id).values())
          expect(new Set(messages.map(({ body }) => body)).size).toBe(1)
        // What was sent again was sent as it was: no event came in two messages.
        const messagesOf = new Map<string, Set<string>>()
        for (const message of it.receiver.received)
          for (const { id } of eventsOf([message]))
            messagesOf.set(id, (messagesOf.get(id) ?? new Set()).add(message.id))
        expect([...messagesOf.values()].filter(({ size }) => size > 1)).toEqual([])
        // The followers of each were promised to be told.
        const unpromised = () => {
          const promised = new Set(it.jobs.map(({ page }) => page?.event))
          return (ids.get('alice') ?? []).filter((id) => !promised.has(id as never))
        }
        await expect.poll(unpromised, FAST).toEqual([])
      }),
      { numRuns: 8 },
    )
  })

  test('by a lease that ran out while the app was slow is followed by another, who sends the same', async () => {
    await using it = await openRelay()
    await using other = openRunServer(it.database, it.server.engines.queue)
    await it.begin()
    await happen(it, 'alice', 3)
    const answered = Promise.withResolvers<void>()
    it.receiver.reply = async (message, response) => {
      if (it.receiver.received.length === 1) await answered.promise
      await always(204)(message, response)
    }

    await using _one = it.tell()
    await expect.poll(() => it.receiver.received.length, FAST).toBe(1)
    await expireLeases(it.database)
    await using _two = it.tell(other.engines)
    await taken(it, 3)
    answered.resolve()

    const [first, second] = it.receiver.received as [Received, Received]
    expect([second.id, second.body]).toEqual([first.id, first.body])
    await happen(it, 'alice', 2)
    await taken(it, 5)
  })
})

test('a database that is unavailable holds up the events of its own owners alone, also of a message in flight', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await using proxy = await startProxy(b.url)
  const ranges = [
    { from: 0, to: 4095, url: a.url },
    { from: 4096, to: 8191, url: proxy.url },
  ]
  await migrateCatalog(ranges)
  const [low = '', high = ''] = ranges.flatMap((range) => ownersOf(range, 1))
  await using it = await openRelay(ranges, a)
  await it.begin()
  const lower = await happen({ database: a }, low, 2)
  const upper = await happen({ database: b }, high, 2)
  it.receiver.reply = always(503)

  await using _telling = it.tell()
  await expect.poll(() => eventsOf(it.receiver.received).length, FAST).toBe(4)
  await proxy.cut()
  it.receiver.reply = always(204)
  await expect
    .poll(async () => {
      await hurry(it)
      return firstSeen(it.receiver.accepted, low)
    }, FAST)
    .toEqual(lower)
  expect(firstSeen(it.receiver.accepted, high)).toEqual([])
  await proxy.mend()
  await expect.poll(() => firstSeen(it.receiver.accepted, high)).toEqual(upper)
})

test('shards that move, that of the relay too, take their events with them: each is told, in order', async () => {
  await using it = await openRelay()
  await using target = await openDatabaseWithoutShards()
  const ranges = allShardsAt(it.database.url)
  const range = { from: 0, to: 63 }
  const owners = ownersOf(range, 4)
  const eventsOfAll = async () =>
    await Promise.all(
      owners.map((owner) => it.server.catalog.photoEvents.of(owner, '0' as PhotoEventId, 10_000)),
    )
  await it.begin()
  await using _telling = it.tell()

  const traffic = startTraffic([it.server.catalog], owners)
  await expect.poll(() => traffic.albums.every(({ steps }) => steps > 4)).toBe(true)
  await moveShards(ranges, range, target.url)
  await expect.poll(async () => (await eventsOfAll()).every(({ length }) => length > 3)).toBe(true)
  await moveShards(ranges, range, it.database.url)
  await traffic.stop()

  for (const events of await eventsOfAll()) {
    const owner = events[0]?.owner as OwnerId
    await expect.poll(() => firstSeen(it.receiver.accepted, owner)).toEqual(events.map(({ id }) => id))
  }
})

describe('what was told is told again', () => {
  test('by its ids, or of a time and an owner, while it is kept', async () => {
    await using it = await openRelay()
    await it.begin()
    const alices = await happen(it, 'alice', 5)
    const bobs = await happen(it, 'bob', 5)
    await using _telling = it.tell()
    await taken(it, 10)
    const { webhookEvents } = it.server.catalog
    await expect.poll(async () => (await webhookBacklog(it.server.catalog)).untold).toBe(0)
    const before = it.receiver.accepted.length
    const again = () => eventsOf(it.receiver.accepted.slice(before)).map(({ id }) => id)

    expect(await webhookEvents.resend([alices[2], '1'] as never[])).toBe(1)
    await expect.poll(again, FAST).toEqual([alices[2]])
    const period = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 1_000) }
    expect(await resendPeriod(webhookEvents, { ...period, owner: 'bob' as OwnerId })).toBe(5)
    await expect.poll(again, FAST).toEqual([alices[2], ...bobs])
    expect(await resendPeriod(webhookEvents, { from: period.to, to: period.to, owner: null })).toBe(0)
  })
})
