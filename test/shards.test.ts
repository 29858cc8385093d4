import { expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt, type ShardRange } from '../src/config/shard-ranges.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import { SettleWatch } from '../src/http/replies/settle-watch.ts'
import { firstIdAt } from '../src/photo/photo-id.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { workRuns } from '../src/runs/work-runs.ts'
import { lostJobs } from '../src/sweep/lost-jobs.ts'
import {
  openDatabaseWithoutShards,
  openEmptyDatabase,
  openTestDatabase,
  type TestDatabase,
} from './support/database.ts'
import { insertPhoto } from './support/photos.ts'
import { startProxy } from './support/proxy.ts'
import { expireLeases } from './support/runs.ts'
import { silentLog, startService } from './support/service.ts'
import { ownersOf } from './support/shard-traffic.ts'

const LOWER = { from: 0, to: 4095 }
const UPPER = { from: 4096, to: 8191 }
const [low] = ownersOf(LOWER, 1) as [OwnerId]
const [high] = ownersOf(UPPER, 1) as [OwnerId]
const page = { older: 10 }
const PATIENCE = { interval: 100 }
const later = new Date(Date.now() + 3_600_000)

function halves(a: { url: string }, b: { url: string }): ShardRange[] {
  return [
    { ...LOWER, url: a.url },
    { ...UPPER, url: b.url },
  ]
}

function openCatalog(ranges: readonly ShardRange[]): Catalog & AsyncDisposable {
  const map = new ShardMap(ranges, { connections: 2 })
  return Object.assign(new Catalog(map), { [Symbol.asyncDispose]: () => map[Symbol.asyncDispose]() })
}

async function idsIn(database: TestDatabase): Promise<string[]> {
  const rows = (await database.query('select id::text from photos order by id')) as { id: string }[]
  return rows.map(({ id }) => id)
}

async function shardsIn(database: TestDatabase): Promise<number> {
  const [row] = (await database.query("select count(*)::int from shards where state = 'here'")) as {
    count: number
  }[]
  return row?.count ?? 0
}

test('photos lie in the database that has the shard of their owner, and lists across owners ask both', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await migrateCatalog(halves(a, b))
  await using catalog = openCatalog(halves(a, b))

  const lower = await insertPhoto(catalog, low)
  const upper = await insertPhoto(catalog, high)
  const second = await insertPhoto(catalog, low)

  expect(await idsIn(a)).toEqual([lower, second])
  expect(await idsIn(b)).toEqual([upper])
  expect((await catalog.photos.find(upper))?.owner).toBe(high)
  expect((await catalog.photos.list(low, low, page)).photos.map(({ id }) => id)).toEqual([second, lower])
  expect((await catalog.photos.unfinished(later, null, 2)).map(({ id }) => id)).toEqual([lower, upper])
  expect((await catalog.photos.unfinished(later, upper, 2)).map(({ id }) => id)).toEqual([second])
  expect([...(await catalog.objects.ofPhotos([lower, upper, firstIdAt(later)])).keys()].sort()).toEqual(
    [lower, upper].sort(),
  )
})

test('while a database is unavailable the photos of the others are served', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await using proxy = await startProxy(b.url)
  await migrateCatalog(halves(a, proxy))
  await using catalog = openCatalog(halves(a, proxy))
  const lower = await insertPhoto(catalog, low)
  const upper = await insertPhoto(catalog, high)

  await proxy.cut()

  expect(await catalog.photos.find(lower)).not.toBe(null)
  await insertPhoto(catalog, low)
  expect((await catalog.photos.unfinished(later, null, 1)).map(({ id }) => id)).toEqual([lower])
  await expect(catalog.photos.find(upper)).rejects.toThrow(EngineUnavailableError)
  await expect(catalog.objects.ofPhotos([lower, upper])).rejects.toThrow(EngineUnavailableError)
  await proxy.mend()
  expect(await catalog.photos.find(upper)).not.toBe(null)
})

test('a run that somebody started waits for a database that is unavailable, and one that recurs goes on past it', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await using proxy = await startProxy(b.url)
  await migrateCatalog(halves(a, proxy))
  const shards = halves(a, proxy).map(({ from, to, url }) => `${from}-${to}=${url}`)
  await using service = await startService({ DATABASE_URL: '', DATABASE_SHARDS: shards.join(',') })
  const { runs } = service.catalog
  for (const owner of [low, high]) await insertPhoto(service.catalog, owner)
  for (const database of [a, b])
    await database.query("update photos set written_at = now() - interval '1 hour'")
  const run = await runs.start({ kind: lostJobs.name, selection: {}, slices: [{}] })
  await proxy.cut()
  await using _server = workRuns({ engines: service, kinds: [lostJobs], log: silentLog, askMs: 100 })
  const recurring = async () =>
    (await runs.list()).find(({ kind, recurs }) => recurs && kind === lostJobs.name)

  await expect.poll(recurring, PATIENCE).toBeDefined()
  await expireLeases(a)
  await expect.poll(recurring, PATIENCE).toMatchObject({ done: 1 })
  await expect
    .poll(async () => await runs.find(run), PATIENCE)
    .toMatchObject({ state: 'running', partsHeld: 1 })
  expect((await runs.find(run)).reason).toMatch(/unavailable|database/i)
  await proxy.mend()
  await expireLeases(a)

  await expect.poll(async () => await runs.find(run), PATIENCE).toMatchObject({ state: 'complete' })
  expect(await service.queue.counts()).toMatchObject({ waiting: 2 })
})

test('who waits for a photo does not wait for the database of another', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await using proxy = await startProxy(b.url)
  await migrateCatalog(halves(a, proxy))
  await using catalog = openCatalog(halves(a, proxy))
  const lower = await insertPhoto(catalog, low)
  const upper = await insertPhoto(catalog, high)
  const stopping = new AbortController()
  const watch = new SettleWatch(catalog, stopping.signal)

  const stalled = proxy.stall()
  const waits = { upper: watch.settled(upper, 600_000), lower: watch.settled(lower, 600_000) }
  await stalled
  await catalog.photos.fail(lower, { code: 'x', message: 'x' })
  const first = await Promise.race([
    waits.lower.then(() => 'lower'),
    catalog.photos.find(upper).catch(() => 'given up'),
  ])
  stopping.abort()

  expect(first).toBe('lower')
  await waits.upper
})

test('a server that reaches only some databases is ready, and says so', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await using proxy = await startProxy(b.url)
  await migrateCatalog(halves(a, proxy))
  const shards = halves(a, proxy).map(({ from, to, url }) => `${from}-${to}=${url}`)
  await using service = await startService({ DATABASE_URL: '', DATABASE_SHARDS: shards.join(',') })
  const readiness = async () => {
    const reply = await fetch(`${service.url}/readyz`)
    const { engines } = (await reply.json()) as { engines: { database: string } }
    return { status: reply.status, database: engines.database }
  }

  expect(await readiness()).toEqual({ status: 200, database: 'ready' })
  const stalled = proxy.stall()
  expect(await readiness()).toEqual({ status: 200, database: 'partial' })
  await stalled
  proxy.flow()
  await expect.poll(readiness).toEqual({ status: 200, database: 'ready' })
  await proxy.cut()
  expect(await readiness()).toEqual({ status: 200, database: 'partial' })
  await expect(service.catalog.health.describe()).rejects.toThrow(`${new URL(proxy.url).host}/`)
  await proxy.mend()
  await expect.poll(readiness).toEqual({ status: 200, database: 'ready' })
})

test('a process that does not know of a move finds everything, also what it never asked for before', async () => {
  await using a = await openTestDatabase()
  await using b = await openDatabaseWithoutShards()
  await using c = await openDatabaseWithoutShards()
  await using outdated = openCatalog(allShardsAt(a.url))
  const [moved, again] = [
    { from: 6000, to: 6399 },
    { from: 6300, to: 6399 },
  ]
  const [owner] = ownersOf(again, 1) as [OwnerId]
  const id = await insertPhoto(outdated, owner)

  await moveShards(allShardsAt(a.url), moved, b.url)
  await moveShards(allShardsAt(a.url), again, c.url)

  await using restarted = openCatalog(allShardsAt(a.url))
  expect((await restarted.photos.unfinished(later, null, 10)).map((photo) => photo.id)).toEqual([id])
  expect((await outdated.photos.list(owner, owner, page)).photos.map((photo) => photo.id)).toEqual([id])
  expect(await idsIn(a)).toEqual([])
  expect([await shardsIn(a), await shardsIn(b), await shardsIn(c)]).toEqual([7792, 300, 100])
})

test('a database that is gone for good takes nothing with it that had moved', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await using proxy = await startProxy(a.url)
  const first = { from: 0, to: 199 }
  const ranges = [
    { ...first, url: proxy.url },
    { from: 200, to: 8191, url: b.url },
  ]
  await migrateCatalog(ranges)
  await using catalog = openCatalog(ranges)
  const [owner] = ownersOf(first, 1) as [OwnerId]
  const id = await insertPhoto(catalog, owner)
  await moveShards(ranges, first, b.url)

  await proxy.cut()

  await expect.poll(async () => await catalog.photos.find(id).catch(() => null)).toMatchObject({ id })
  await migrateCatalog(allShardsAt(b.url))
  await using later = openCatalog(allShardsAt(b.url))
  expect(await later.photos.find(id)).toMatchObject({ id })
})

test('a configuration that forgets a database does not lose it', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await migrateCatalog(halves(a, b))
  await using catalog = openCatalog(halves(a, b))
  const id = await insertPhoto(catalog, high)

  await migrateCatalog(allShardsAt(a.url))

  await using forgetful = openCatalog(allShardsAt(a.url))
  expect(await forgetful.photos.find(id)).toMatchObject({ id })
  expect([await shardsIn(a), await shardsIn(b)]).toEqual([4096, 4096])
})

test('a database that was used alone keeps all shards until they are moved', async () => {
  await using a = await openTestDatabase()
  await using b = await openDatabaseWithoutShards()

  await migrateCatalog(halves(a, b))

  expect([await shardsIn(a), await shardsIn(b)]).toEqual([8192, 0])
})

test('a database that was lost is not replaced by an empty one', async () => {
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  await migrateCatalog(halves(a, b))

  await b.query('drop schema public cascade')
  await b.query('create schema public')
  const migrated = migrateCatalog(halves(a, b))

  await expect(migrated).rejects.toThrow(SetupError)
  await expect(migrated).rejects.toThrow('Restore that database')
})

test('shards that no database may have got yet wait for one that does not answer', async () => {
  await using a = await openEmptyDatabase()
  await using b = await openEmptyDatabase()
  await using proxy = await startProxy(b.url)
  await proxy.cut()

  await expect(migrateCatalog(halves(a, proxy))).rejects.toThrow(EngineUnavailableError)
  await proxy.mend()
  await migrateCatalog(halves(a, proxy))

  expect([await shardsIn(a), await shardsIn(b)]).toEqual([4096, 4096])
})

test('several processes may bring the databases up to date at once', async () => {
  await using a = await openEmptyDatabase()
  await using b = await openEmptyDatabase()

  await Promise.all([1, 2, 3].map(async () => await migrateCatalog(halves(a, b))))

  expect([await shardsIn(a), await shardsIn(b)]).toEqual([4096, 4096])
})

test('photos are not written in transactions whose snapshot may be older than a move', async () => {
  await using a = await openTestDatabase()

  const asked = a.query('begin isolation level repeatable read; select next_photo_id(1)')

  await expect(asked).rejects.toThrow('read committed')
})
