import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import type { EventTail, FollowingChange, Written } from '../src/catalog/events/event-tail.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt, type ShardRange } from '../src/config/shard-ranges.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openDatabaseWithoutShards, type TestDatabase } from './support/database.ts'
import { readyPhoto } from './support/photo-steps.ts'
import { startProxy } from './support/proxy.ts'

let opened: AsyncDisposableStack
let databases: [TestDatabase, TestDatabase]
let proxy: Awaited<ReturnType<typeof startProxy>>
let ranges: ShardRange[]
let catalog: Catalog

beforeAll(async () => {
  opened = new AsyncDisposableStack()
  databases = [opened.use(await openDatabaseWithoutShards()), opened.use(await openDatabaseWithoutShards())]
  ranges = allShardsAt(databases[0].url)
  await migrateCatalog(ranges)
  proxy = opened.use(await startProxy(databases[0].url))
  catalog = new Catalog(opened.use(new ShardMap(ranges, { connections: 5 })))
})
afterAll(async () => await opened.disposeAsync())

type Heard = Disposable & {
  tail: EventTail
  written: Written[]
  changes: FollowingChange[]
  failures: unknown[]
}

/** A tail of a server's own map, from now on. */
async function listen(map = new ShardMap(ranges, { connections: 2 })): Promise<Heard & AsyncDisposable> {
  const heard = { written: [] as Written[], changes: [] as FollowingChange[], failures: [] as unknown[] }
  const tail = new Catalog(map).photoEvents.tail({
    onWritten: (events) => void heard.written.push(...events),
    onFollowing: (changes) => void heard.changes.push(...changes),
    onGap: () => {},
    onFailure: (error) => void heard.failures.push(error),
  })
  await tail.begun
  return {
    ...heard,
    tail,
    [Symbol.dispose]: () => tail[Symbol.dispose](),
    async [Symbol.asyncDispose]() {
      tail[Symbol.dispose]()
      await map[Symbol.asyncDispose]()
    },
  }
}

let owners = 0
const newOwner = () => `tail-${owners++}` as OwnerId
const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => id).sort()

test('a tail sees what is committed, once, in whatever order transactions begin and end', async () => {
  const turns = fc.array(fc.tuple(fc.nat(3), fc.constantFrom('write', 'commit', 'rollback', 'look')), {
    minLength: 5,
    maxLength: 25,
  })
  await using heard = await listen()
  await using clients = new AsyncDisposableStack()
  const writers = await Promise.all(
    [0, 1, 2, 3].map(async () => {
      const client = new pg.Client({ connectionString: databases[0].url })
      await client.connect()
      clients.defer(async () => await client.end())
      return client
    }),
  )
  await fc.assert(
    fc.asyncProperty(turns, async (history) => {
      // Each its own shard: they do not wait for each other.
      const names = writers.map(() => newOwner())
      const open = new Set<number>()
      const look = async () => {
        const { time } = heard.tail
        await expect.poll(() => heard.tail.time, { interval: 10 }).toBeGreaterThan(time)
      }
      const end = async (n: number, how: string) => {
        if (open.delete(n)) await writers[n]?.query(how)
      }
      for (const [n, turn] of history) {
        if (turn === 'look') await look()
        else if (turn === 'write') {
          if (!open.has(n)) await writers[n]?.query('begin')
          open.add(n)
          const [owner, shard] = [names[n], shardOfOwner(names[n] as OwnerId)]
          await writers[n]?.query(
            `insert into photo_events (id, owner, photo_id, type, visibility, is_new)
             values (next_photo_id(${shard}), '${owner}', 1, 'photo.ready', 'public', true)`,
          )
        } else await end(n, turn)
      }
      for (const n of open) await end(n, 'commit')
      await look()
      await look()

      const seen = heard.written.filter(({ owner }) => names.includes(owner))
      const there = (
        await Promise.all(names.map((name) => catalog.photoEvents.of(name, '0' as never, 99)))
      ).flat()
      expect(idsOf(seen)).toEqual(idsOf(there))
    }),
    { numRuns: 8 },
  )
})

test('a tail sees what is written while shards move, to a database that it did not know', async () => {
  await using heard = await listen()
  const owner = newOwner()
  const shard = shardOfOwner(owner)
  const range = { from: shard, to: shard }
  let isOver = false
  let count = 0
  const writing = (async () => {
    while (!isOver) {
      await readyPhoto(catalog, owner)
      count += 1
    }
  })()
  await expect.poll(() => count).toBeGreaterThan(5)
  await moveShards(ranges, range, databases[1].url)
  const moved = count
  await expect.poll(() => count).toBeGreaterThan(moved + 5)
  await moveShards(ranges, range, databases[0].url)
  isOver = true
  await writing
  await readyPhoto(catalog, owner)

  const all = idsOf(await catalog.photoEvents.of(owner, '0' as never, 10_000))
  const seen = () => new Set(heard.written.filter((event) => event.owner === owner).map(({ id }) => id))
  await expect.poll(() => all.filter((id) => !seen().has(id as never))).toEqual([])
})

test('a tail goes on where it was when its database was unavailable', async () => {
  await using heard = await listen(new ShardMap(allShardsAt(proxy.url), { connections: 2 }))
  const owner = newOwner()

  await proxy.cut()
  await expect.poll(() => heard.failures.length).toBeGreaterThan(0)
  await readyPhoto(catalog, owner)
  await proxy.mend()

  await expect.poll(() => heard.written.map((event) => event.owner)).toContain(owner)
})

test('a tail sees who has changed whom they follow', async () => {
  await using heard = await listen()
  const [viewer, owner] = [newOwner(), newOwner()]
  await catalog.follows.set(viewer, [owner])
  const { version } = await catalog.follows.of(viewer)

  await expect.poll(() => heard.changes).toContainEqual({ viewer, version })
})
