import { test as always, describe, expect } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import { KEEPER_KEY, originalKey } from '../src/photo/object-keys.ts'
import { type ObjectsReport, sweepObjects } from '../src/sweep/sweep-objects.ts'
import { openDatabaseWithoutShards } from './support/database.ts'
import { inDays, jpeg, keysOf, NOTHING, put } from './support/objects-sweep.ts'
import { insertPhoto } from './support/photos.ts'
import { startProxy } from './support/proxy.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { ownersOf } from './support/shard-traffic.ts'

describe('the sweep of objects with several databases', () => {
  const HALVES = [
    { from: 0, to: 4095 },
    { from: 4096, to: 8191 },
  ] as const
  /** Some that move: more than a bundle of a thousand. */
  const MOVED = { from: 0, to: 2047 }
  const owners = [...ownersOf(MOVED, 20), ...ownersOf(HALVES[1], 20)]

  /** A service's store and queue with a catalog of its own, in two databases, that has 40 photos. */
  async function openHalves(service: TestService, urls: readonly [string, string]) {
    const ranges = HALVES.map((half, index) => ({ ...half, url: urls[index] as string }))
    await migrateCatalog(ranges)
    const map = new ShardMap(ranges, { connections: 2 })
    const catalog = new Catalog(map)
    await service.store.delete([KEEPER_KEY])
    for (const owner of owners) await insertPhoto(catalog, owner)
    const installation = await catalog.installation.id()
    await service.store.put(KEEPER_KEY, Buffer.from(JSON.stringify({ installation })), jpeg)
    const all = await Promise.all(owners.map((owner) => catalog.photos.list(owner, owner, { older: 9 })))
    await put(service, ...all.flatMap(({ photos }) => photos).map(({ id }) => originalKey(id, 'jpeg')))
    const sweepHalves = async () =>
      await sweepObjects(
        { ...service, catalog },
        { quarantineDays: 7, now: inDays(2), accepted: 100 },
        silentLog,
      )
    return { ranges, sweepHalves, [Symbol.asyncDispose]: async () => await map[Symbol.asyncDispose]() }
  }

  always('takes nothing of a database that is unavailable for a stray', async () => {
    await using service = await startService()
    await using a = await openDatabaseWithoutShards()
    await using b = await openDatabaseWithoutShards()
    await using proxy = await startProxy(b.url)
    await using halves = await openHalves(service, [a.url, proxy.url])
    const before = await keysOf(service)
    await proxy.cut()

    await expect(halves.sweepHalves()).rejects.toThrow(EngineUnavailableError)
    await proxy.mend()

    expect(await halves.sweepHalves()).toEqual(NOTHING)
    expect(await keysOf(service)).toEqual(before)
  })

  always('takes nothing of shards for a stray while they move to another database', async () => {
    await using service = await startService()
    await using a = await openDatabaseWithoutShards()
    await using b = await openDatabaseWithoutShards()
    await using halves = await openHalves(service, [a.url, b.url])
    const before = await keysOf(service)

    let isMoving = true
    const moving = (async () => {
      await moveShards(halves.ranges, MOVED, b.url)
      isMoving = false
    })()
    const reports: ObjectsReport[] = []
    // A bundle of a thousand shards may meet one that has just moved each time it is asked again: the next turn goes on.
    const passes = (error: unknown) => expect(error).toBeInstanceOf(EngineUnavailableError)
    while (isMoving) await halves.sweepHalves().then((report) => reports.push(report), passes)
    await moving

    expect(reports.filter((report) => report.quarantined + report.remade > 0)).toEqual([])
    expect(await keysOf(service)).toEqual(before)
  })
})
