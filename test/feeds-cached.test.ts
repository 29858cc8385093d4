import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { Database } from '../src/catalog/database/database.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import type { ShardRange } from '../src/config/shard-ranges.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { type CachedCatalog, openCachedCatalog } from './support/cached-catalog.ts'
import { openDatabaseWithoutShards, type TestDatabase } from './support/database.ts'
import { expectExact, idsOf, type Step, step, World } from './support/feed-world.ts'
import { openTestMemcached, testWithMemcached } from './support/memcached.ts'
import { moveTo } from './support/photo-steps.ts'
import { type Proxy as CutProxy, startProxy } from './support/proxy.ts'
import { openTestRedis, testWithRedis } from './support/redis.ts'

/** Not a look at whether databases are silent. */
const isOfFeeds = (statement: string) => !statement.includes('from installation')
const silences = async () =>
  await Promise.all(databases.map((database) => database.query('select silent_until from installation')))

const PATIENCE = { interval: 50 }
const HALF = 4096

let opened: AsyncDisposableStack
let databases: [TestDatabase, TestDatabase]
let ranges: ShardRange[]

beforeAll(async () => {
  opened = new AsyncDisposableStack()
  databases = [opened.use(await openDatabaseWithoutShards()), opened.use(await openDatabaseWithoutShards())]
  ranges = databases.map(({ url }, n) => ({ from: n * HALF, to: (n + 1) * HALF - 1, url }))
  await migrateCatalog(ranges)
})
afterAll(async () => await opened.disposeAsync())

let worlds = 0
function newWorld(count: number, catalogs: readonly Catalog[]): World {
  worlds += 1
  return new World(
    Array.from({ length: count }, (_, n) => `cached-${worlds}-${n}` as OwnerId),
    catalogs,
  )
}

type Engine = AsyncDisposable & { url: string; empty(): Promise<void>; flip(): Promise<void> }

async function openMemcached(): Promise<Engine> {
  const server = await openTestMemcached()
  return {
    ...server,
    empty: async () => void (await server.command('flush_all', 'OK')),
    flip: async () => await server.replaceAll(flipped),
  }
}

/** One bit in the midst of it. */
function flipped(value: Buffer): Buffer {
  const other = Buffer.from(value)
  const at = Math.floor(other.length / 2)
  if (at < other.length) other[at] = (other[at] as number) ^ 4
  return other
}

async function openRedis(): Promise<Engine> {
  const server = await openTestRedis('--save', '')
  return {
    ...server,
    empty: async () => void (await server.command('FLUSHALL')),
    flip: async () => {
      const client = new Redis(server.url)
      for (const key of await client.keys('*'))
        await client.set(key, flipped((await client.getBuffer(key)) ?? Buffer.alloc(0)))
      client.disconnect()
    },
  }
}

describe.each([
  { name: 'memcached', testWith: testWithMemcached, open: openMemcached },
  { name: 'Redis', testWith: testWithRedis, open: openRedis },
])('feeds of two servers that share $name', ({ testWith, open }) => {
  type Shared = AsyncDisposable & { engine: Engine; proxies: [CutProxy, CutProxy]; servers: CachedCatalog[] }

  async function openServers(): Promise<Shared> {
    await using stack = new AsyncDisposableStack()
    const engine = stack.use(await open())
    const proxies: [CutProxy, CutProxy] = [
      stack.use(await startProxy(engine.url)),
      stack.use(await startProxy(engine.url)),
    ]
    const servers: CachedCatalog[] = []
    for (const { url } of proxies) servers.push(stack.use(await openCachedCatalog(ranges, url)))
    await untilKnown(servers)
    const owned = stack.move()
    return { engine, proxies, servers, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
  }

  async function untilKnown(servers: readonly CachedCatalog[]): Promise<void> {
    for (const { changes } of servers) await expect.poll(() => changes.areKnown(), PATIENCE).toBe(true)
  }

  const worldOf = (count: number, { servers }: Shared) =>
    newWorld(
      count,
      servers.map(({ catalog }) => catalog),
    )

  async function act(world: World, each: Step): Promise<void> {
    if (each.act === 'post') await world.post(each)
    else await world[each.act](each.which)
  }

  testWith(
    'have at every moment what a sort in memory has, also when the cache is emptied, or has other bytes',
    async () => {
      await using shared = await openServers()
      const fault = fc.constantFrom('none' as const, 'empty' as const, 'flip' as const)
      const chapter = fc.record({ steps: fc.array(step, { maxLength: 12 }), fault, followed: fc.nat() })

      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 6 }),
          fc.integer({ min: 1, max: 4 }),
          fc.array(chapter, { minLength: 1, maxLength: 3 }),
          async (owners, limit, chapters) => {
            const world = worldOf(owners, shared)
            await untilKnown(shared.servers)
            for (const { steps, fault, followed } of chapters) {
              for (const each of steps) await act(world, each)
              if (fault !== 'none') await shared.engine[fault]()
              await expectExact(
                world,
                world.owners.filter((_, n) => (followed >> n) & 1),
                limit,
              )
              await expectExact(world, world.owners, limit)
            }
          },
        ),
        { numRuns: 25 },
      )
    },
  )

  testWith('know at once whom a viewer follows, and ask no database while nothing changes', async () => {
    await using shared = await openServers()
    const world = worldOf(3, shared)
    for (const owner of [0, 1, 2, 2]) await world.post({ owner, postedAt: null })
    for (const which of [0, 1, 2, 3]) await world.finish(which)
    const viewer = `${world.owners[0]}-viewer` as OwnerId
    const [here, there] = shared.servers.map(({ catalog }) => catalog) as [Catalog, Catalog]
    const feed = async (catalog: Catalog) => idsOf(await catalog.feeds.of(viewer, { older: 9 }))
    const shown = (...owners: number[]) =>
      world.shown(owners.map((n) => world.owners[n] as OwnerId)).map(({ id }) => id)

    await here.follows.set(viewer, world.owners.slice(0, 2))
    expect(await feed(there)).toEqual(shown(0, 1))
    await here.follows.add(viewer, world.owners[2] as OwnerId)
    expect(await feed(there)).toEqual(shown(0, 1, 2))
    await there.follows.remove(viewer, world.owners[1] as OwnerId)
    expect(await feed(here)).toEqual(shown(0, 2))
    await world.remove(0)
    expect(await feed(here)).toEqual(shown(0, 2))
    expect(await feed(there)).toEqual(shown(0, 2))

    // A server that has just started finds the photos that another one has read.
    const sharedWithNew = async () => {
      await using third = await openCachedCatalog(ranges, shared.engine.url)
      expect(await feed(third.catalog)).toEqual(shown(0, 2))
      return third.catalog.feeds.takeRates().photos
    }
    await expect.poll(sharedWithNew, PATIENCE).toEqual({ known: 0, shared: 1 })

    using asked = vi.spyOn(Database.prototype, 'query')
    const atHand = async () => {
      here.feeds.takeRates()
      asked.mockClear()
      expect(await feed(here)).toEqual(shown(0, 2))
      const statements = asked.mock.calls.map(([statement]) => statement)
      return { ...here.feeds.takeRates(), statements: statements.filter(isOfFeeds) }
    }
    const all = { followings: 1, heads: 1, photos: { known: 1, shared: 0 }, statements: [] }
    await expect.poll(atHand, PATIENCE).toEqual(all)
  })

  testWith(
    'show nothing of before when who changed it could tell nobody: they rely on the cache no more',
    async () => {
      await using shared = await openServers()
      const [cut, hanging] = shared.proxies
      const [writer, reader] = shared.servers as [CachedCatalog, CachedCatalog]
      const world = worldOf(1, shared)
      const [owner] = world.owners as [OwnerId]
      for (const which of [0, 1, 2, 3]) {
        await world.post({ owner: 0, postedAt: null })
        await world.finish(which)
      }
      const [first, second, third, last] = world.photos.map(({ id }) => id)
      const shown = async ({ catalog }: CachedCatalog) =>
        idsOf(await catalog.feeds.page([owner], { older: 9 }))
      const remove = async (id = '' as PhotoId) =>
        expect(await writer.catalog.removals.remove(id, owner)).toBe(true)
      expect(await shown(reader)).toEqual([last, third, second, first])
      await expect.poll(() => reader.changes.areKnown(), PATIENCE).toBe(true)
      const before = await silences()

      await cut.cut()
      await remove(first)
      expect(await shown(reader)).toEqual([last, third, second])
      expect(await silences()).not.toEqual(before)
      await remove(second)
      expect(await shown(reader)).toEqual([last, third])

      await cut.mend()
      await untilKnown(shared.servers)
      const isHeld = hanging.stall()
      await remove(third)
      expect(await shown(reader)).toEqual([last])
      await isHeld
      hanging.flow()
      await untilKnown(shared.servers)
      expect(await shown(reader)).toEqual([last])
    },
  )

  testWith(
    'show nothing of before when it is asked for again what a server did that died before it told',
    async () => {
      await using shared = await openServers()
      const [writer, reader] = shared.servers.map(({ catalog }) => catalog) as [Catalog, Catalog]
      await using untold = new ShardMap(ranges, { connections: 2 })
      const dead = new Catalog(untold)
      const world = worldOf(2, shared)
      const [owner, other] = world.owners as [OwnerId, OwnerId]
      for (const which of [0, 1, 2]) {
        await world.post({ owner: which === 2 ? 1 : 0, postedAt: null })
        await world.finish(which)
      }
      const [gone, hidden, kept] = world.photos.map(({ id }) => id) as [PhotoId, PhotoId, PhotoId]
      const viewer = `${owner}-viewer` as OwnerId
      await writer.follows.set(viewer, [owner, other])
      const shown = async () => idsOf(await reader.feeds.of(viewer, { older: 9 }))
      await expect.poll(shown, PATIENCE).toEqual([kept, hidden, gone])

      await dead.removals.remove(gone, owner)
      expect(await writer.removals.remove(gone, owner)).toBe(false)
      expect(await shown()).toEqual([kept, hidden])
      await moveTo(dead, 'private', hidden)
      await writer.places.tellAgain({ owner })
      expect(await shown()).toEqual([kept])
      await dead.follows.remove(viewer, other)
      await writer.follows.remove(viewer, other)
      expect(await shown()).toEqual([])
      await dead.follows.add(viewer, other)
      await writer.follows.add(viewer, other)
      expect(await shown()).toEqual([kept])
      await dead.follows.set(viewer, [owner])
      await writer.follows.set(viewer, [owner])
      expect(await shown()).toEqual([])
    },
  )

  testWith('stay exact while shards move to another database and back', async () => {
    await using shared = await openServers()
    const world = worldOf(4, shared)
    for (const each of fc.sample(step, { numRuns: 20, seed: 3 })) await act(world, each)
    const shard = shardOfOwner(world.owners[0] as OwnerId)
    const home = Math.floor(shard / HALF)

    for (const to of [1 - home, home]) {
      const move = moveShards(ranges, { from: shard, to: shard }, (databases[to] as TestDatabase).url)
      for (const each of fc.sample(step, { numRuns: 10, seed: to })) await act(world, each)
      await expectExact(world, world.owners, 3)
      await move
      await expectExact(world, world.owners, 3)
      await untilKnown(shared.servers)
      await act(world, { act: 'finish', which: to })
      await expectExact(world, world.owners, 3)
    }
  })
})
