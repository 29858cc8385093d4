import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { Database } from '../src/catalog/database/database.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import type { EventStream } from '../src/http/events/event-stream.ts'
import { EventStreams } from '../src/http/events/event-streams.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openTestDatabase, type TestDatabase } from './support/database.ts'
import { readyPhoto } from './support/photo-steps.ts'
import { silentLog } from './support/service.ts'

let database: TestDatabase
let catalog: Catalog
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  database = opened.use(await openTestDatabase())
  catalog = new Catalog(opened.use(new ShardMap(allShardsAt(database.url), { connections: 4 })))
})
afterAll(async () => await opened.disposeAsync())

let owners = 0
const newOwner = () => `streams-${owners++}` as OwnerId
const IN_AN_HOUR = Date.now() + 3_600_000

function serveStreams() {
  const stopping = new AbortController()
  const streams = new EventStreams(catalog, { stopping: stopping.signal, log: silentLog })
  return {
    open: async (viewer: OwnerId, lastEventId: string | null = null): Promise<EventStream> =>
      await streams.open(viewer, { lastEventId, expiresAt: IN_AN_HOUR }),
    [Symbol.dispose]: () => stopping.abort(),
  }
}

/** Writes so many events of the owner's at once. */
async function writeEvents(owner: OwnerId, count: number, isNew = false): Promise<void> {
  await database.query(
    `insert into photo_events (id, owner, photo_id, type, visibility, is_new)
     select next_photo_id(${shardOfOwner(owner)}), '${owner}', 1, 'photo.ready', 'public', ${isNew}
     from generate_series(1, ${count})`,
  )
}

async function readAll(stream: EventStream, until: (text: string) => boolean): Promise<string> {
  let text = ''
  for await (const chunk of stream.body) {
    text += chunk
    if (until(text)) break
  }
  return text
}

test('a client that reads slowly holds up what it resumes with, and one that does not read what is new is cut', async () => {
  using streams = serveStreams()
  const [slow, other] = [newOwner(), newOwner()]
  await catalog.follows.set(slow, [other])
  await writeEvents(slow, 3_000)

  const resumed = await streams.open(slow, `0.${Date.now()}`)
  await expect.poll(() => resumed.body.readableLength).toBeGreaterThan(10_000)
  await sleep(200)
  const waiting = resumed.body.readableLength
  const text = await readAll(resumed, (text) => text.split('photo.ready"').length > 3_000)
  const stuck = await streams.open(slow)
  await writeEvents(other, 2_000, true)

  expect(waiting).toBeLessThan(128 * 1024)
  expect(text.split('photo.ready"')).toHaveLength(3_001)
  await expect.poll(() => stuck.body.destroyed).toBe(true)
})

test('what a server asks its database for does not grow with those who listen, and is nothing when nobody does', async () => {
  using streams = serveStreams()
  const { query } = Database.prototype
  using asked = vi.spyOn(Database.prototype, 'query').mockImplementation(function (
    this: Database,
    ...statement: Parameters<typeof query>
  ) {
    return query.call(this, ...statement)
  } as typeof query)
  const count = (what: RegExp) => asked.mock.calls.filter(([statement]) => what.test(statement)).length
  /** While it is looked so often at what is new. */
  const askedIn = async (looks: number) => {
    asked.mockClear()
    await expect.poll(() => count(/pg_current_snapshot/), { interval: 10 }).toBeGreaterThanOrEqual(looks)
    return count(/^/)
  }
  const askedForNobody = async () => {
    asked.mockClear()
    await sleep(500)
    return count(/^/)
  }
  /** Until all were told what was before. */
  const live = async (opened: readonly EventStream[]) => {
    await expect.poll(() => opened.every(({ isLive }) => isLive)).toBe(true)
    await expect.poll(async () => (await askedIn(1)) <= 2, { interval: 1 }).toBe(true)
  }

  const nobody = await askedForNobody()
  const opened = [await streams.open(newOwner())]
  await live(opened)
  const one = await askedIn(6)
  for (let n = 0; n < 200; n++) opened.push(await streams.open(newOwner()))
  await live(opened)
  const many = await askedIn(6)
  for (const stream of opened) stream.cut()

  expect(nobody).toBe(0)
  expect(many).toBeLessThanOrEqual(one + 3)
  // What was asked just before may not be answered yet.
  await expect.poll(askedForNobody).toBe(0)
  // Also when its clients have not read to the end.
  await streams.open(newOwner())
  streams[Symbol.dispose]()
  await expect.poll(askedForNobody).toBe(0)
})

test('a viewer is told of many at once, and all their streams are told the same', async () => {
  using streams = serveStreams()
  const viewers = Array.from({ length: 30 }, newOwner)
  const opened = await Promise.all(
    viewers.flatMap((viewer) => [viewer, viewer]).map(async (viewer) => await streams.open(viewer)),
  )
  for (const viewer of viewers) await writeEvents(viewer, 150)
  await readyPhoto(catalog, viewers[0] as OwnerId)

  const texts = await Promise.all(
    opened.map(async (stream, n) => {
      const all = n < 2 ? 151 : 150
      return await readAll(stream, (text) => text.split('data: ').length > all)
    }),
  )
  for (const [n, text] of texts.entries()) {
    const ids = [...text.matchAll(/data: \{"id":"(\d+)"/g)].map(([, id]) => id as string)
    const events = await catalog.photoEvents.of(viewers[n >> 1] as OwnerId, '0' as never, 1_000)
    expect(ids).toEqual(events.map(({ id }) => id))
  }
})
