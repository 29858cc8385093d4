import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import type { ShardRange } from '../src/config/shard-ranges.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openDatabaseWithoutShards, type TestDatabase } from './support/database.ts'
import { expectExact, type Kept, MADE, step, World } from './support/feed-world.ts'

const DATABASES = 4
const SHARDS_EACH = 8192 / DATABASES

let opened: AsyncDisposableStack
let databases: TestDatabase[]
let ranges: ShardRange[]
/** As two servers have them: each with its own idea of where shards are. */
let catalogs: [Catalog, Catalog]

beforeAll(async () => {
  opened = new AsyncDisposableStack()
  databases = []
  for (let n = 0; n < DATABASES; n++) databases.push(opened.use(await openDatabaseWithoutShards()))
  ranges = databases.map(({ url }, n) => ({ from: n * SHARDS_EACH, to: (n + 1) * SHARDS_EACH - 1, url }))
  await migrateCatalog(ranges)
  catalogs = [1, 2].map(() => new Catalog(opened.use(new ShardMap(ranges, { connections: 4 })))) as [
    Catalog,
    Catalog,
  ]
})
afterAll(async () => await opened.disposeAsync())

let worlds = 0
/** Owners of its own, whose shards lie in so many databases. */
function newWorld(databases: number, count: number): World {
  worlds += 1
  const owners: OwnerId[] = []
  for (let n = 0; owners.length < count; n++) {
    const owner = `world-${worlds}-${n}` as OwnerId
    if (shardOfOwner(owner) < databases * SHARDS_EACH) owners.push(owner)
  }
  return new World(owners, catalogs)
}

describe('a feed', () => {
  test('has at every moment what a sort of all photos in memory has, page by page, both ways, each photo once', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: DATABASES }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.record({ steps: fc.array(step, { maxLength: 12 }), followed: fc.nat() }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (databases, owners, limit, chapters) => {
          const world = newWorld(databases, owners)
          for (const { steps, followed } of chapters) {
            for (const step of steps) {
              if (step.act === 'post') await world.post(step)
              else await world[step.act](step.which)
            }
            await expectExact(
              world,
              world.owners.filter((_, n) => (followed >> n) & 1),
              limit,
            )
            await expectExact(world, world.owners, limit)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('stays so while its shards move to other databases and back', { timeout: 120_000 }, async () => {
    const world = newWorld(2, 5)
    const act = async (steps: number, seed: number) => {
      for (const each of fc.sample(step, { numRuns: steps, seed })) {
        if (each.act === 'post') await world.post(each)
        else await world[each.act](each.which)
      }
    }
    await act(40, 1)
    const shard = shardOfOwner(world.owners[0] as OwnerId)
    const home = databases[Math.floor(shard / SHARDS_EACH)] as TestDatabase

    for (const [seed, to] of [databases[3], home].entries()) {
      let isMoved = false
      const move = moveShards(ranges, { from: shard, to: shard }, (to as TestDatabase).url).finally(() => {
        isMoved = true
      })
      for (let round = 0; round < 3 || !isMoved; round++) {
        await act(5, 10 * seed + round)
        await expectExact(world, world.owners, 3)
      }
      await move
      await expectExact(world, world.owners, 3)
    }
  })

  test('knows the newest of owners who posted before there were heads', async () => {
    const world = newWorld(1, 2)
    for (const owner of [0, 1]) await world.post({ owner, postedAt: null })
    for (const each of [0, 1]) await world.finish(each)
    const [database] = databases as [TestDatabase]
    await database.query(
      `set darkroom.moves_shards = 'yes'; delete from heads where owner in ('${world.owners.join("','")}')`,
    )
    expect(await world.catalog.feeds.page(world.owners, { older: 9 })).toMatchObject({ photos: [] })

    await database.query('call add_heads()')

    await expectExact(world, world.owners, 1)
  })

  test('has another version for an owner after each change of what others see of them, and after no other', async () => {
    const world = newWorld(1, 1)
    const [owner] = world.owners as [OwnerId]
    const [database] = databases as [TestDatabase]
    const changed = async (change: () => Promise<unknown>) => {
      const version = async () =>
        (
          (await database.query(`select version from heads where owner = '${owner}'`)) as {
            version: string
          }[]
        )[0]?.version
      const before = await version()
      await change()
      return (await version()) !== before
    }
    const { photos, looks, removals, remakes, renditions } = world.catalog
    await world.post({ owner: 0, postedAt: null })
    const [photo] = world.photos as [Kept]
    const describe = async (alt: string) => await photos.describe(photo.id, owner, alt)

    expect(await changed(() => describe('processing'))).toBe(false)
    expect(await changed(() => world.finish(0))).toBe(true)
    expect(await changed(() => describe('a boat'))).toBe(true)
    expect(await changed(() => looks.want(photo.id, owner, { look: null }))).toBe(true)
    expect(await changed(() => looks.giveUp(photo.id, 1))).toBe(true)
    const later = { renditions: MADE.renditions, recipe: 1 }
    expect(await changed(() => renditions.recordLater(photo, { look: null, edition: 0 }, later))).toBe(true)
    const [claimed] = await remakes.claim([photo.id])
    const { facts, recipe } = MADE
    const remade = {
      facts,
      recipe,
      upload: MADE.renditions,
      later: [],
      put: MADE.renditions,
      difference: null,
    }
    const run = { run: 1, keepSeconds: 60 }
    expect(await changed(() => remakes.show(photo, claimed?.edition ?? 0, remade, run))).toBe(true)
    const undo = { run: 1, by: 2, keepSeconds: 60 }
    expect(await changed(() => world.catalog.aside.showAgain([photo.id], undo))).toBe(true)
    expect(await changed(() => world.show(0))).toBe(true)
    expect(await changed(() => describe('private'))).toBe(false)
    expect(await changed(() => world.show(0))).toBe(true)
    expect(await changed(() => removals.remove(photo.id, owner))).toBe(true)
    expect(await changed(() => removals.forget([photo.id]))).toBe(false)
  })

  test('is exact when many post and delete for the same owners at once', { timeout: 60_000 }, async () => {
    const world = newWorld(DATABASES, 3)
    const write = async (writer: number) => {
      for (let n = 0; n < 15; n++) {
        const mine = new World(world.owners, catalogs)
        await mine.post({ owner: writer + n, postedAt: n % 3 === 0 ? 1_000 * n : null })
        await mine.finish(0)
        if (n % 4 === 0) await mine.remove(0)
        world.photos.push(...mine.photos)
      }
    }
    await Promise.all([0, 1, 2, 3].map(write))

    await expectExact(world, world.owners, 7)
  })
})
