import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { describeShards } from '../src/catalog/moves/describe-shards.ts'
import { MOVE_STAGES, moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { planRuns } from '../src/catalog/shards/shard-run.ts'
import { giveShards } from '../src/catalog/tables/give-shards.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import { type PhotoId, shardOf } from '../src/photo/photo-id.ts'
import { newSecret } from '../src/photo/secret.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { databaseName } from '../src/postgres/connections.ts'
import { openDatabaseWithoutShards, openTestDatabase, type TestDatabase } from './support/database.ts'
import { writePhotos } from './support/many-photos.ts'
import { PLAIN } from './support/photos.ts'
import { runScript } from './support/processes/script.ts'
import { startProxy } from './support/proxy.ts'
import { type Album, checkAlbum, ownersOf, startTraffic } from './support/shard-traffic.ts'

/** Of two runs. */
const RANGE = { from: 1000, to: 1099 }

type Towns = AsyncDisposable & {
  /** Has all shards in the beginning. */
  a: TestDatabase
  b: TestDatabase
  /** As two servers have them: each with its own idea of where shards are. */
  catalogs: [Catalog, Catalog]
}

async function openTowns(): Promise<Towns> {
  await using opened = new AsyncDisposableStack()
  const a = opened.use(await openTestDatabase())
  const b = opened.use(await openDatabaseWithoutShards())
  const catalogs = [1, 2].map(
    () => new Catalog(opened.use(new ShardMap(allShardsAt(a.url), { connections: 5 }))),
  ) as [Catalog, Catalog]
  const owned = opened.move()
  return { a, b, catalogs, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

const GATE = 4_242
const PATIENCE = { timeout: 120_000, interval: 20 }

/** Keeps statements waiting that want the lock of the gate shared. */
async function holdGate({ url }: Pick<TestDatabase, 'url'>) {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`select pg_advisory_lock(${GATE})`)
  return {
    waiters: async () => {
      const { rows } = await client.query(
        `select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`,
      )
      return rows.length
    },
    open: async () => void (await client.query(`select pg_advisory_unlock(${GATE})`)),
    [Symbol.asyncDispose]: async () => await client.end(),
  }
}

/** A move as a process of its own, which kills itself after the stage, if one is given. */
function startMove(configured: TestDatabase, target: TestDatabase, lastStage = '') {
  return runScript('moving-shards', [configured.url, JSON.stringify(RANGE), target.url, lastStage])
}

/** So many photos were read so far, by this connection and those that have ended. */
async function rowsRead(database: TestDatabase): Promise<number> {
  await database.query('select pg_stat_force_next_flush()')
  const [row] = (await database.query(
    `select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_user_tables where relname = 'photos'`,
  )) as { rows: number }[]
  return row?.rows ?? 0
}

async function countRows(database: TestDatabase): Promise<unknown> {
  return await database.query(
    `select (select count(*)::int from photos where shard_of(id) between ${RANGE.from} and ${RANGE.to}) as photos,
       (select count(*)::int from shards where state = 'here' and shard between ${RANGE.from} and ${RANGE.to}) as shards`,
  )
}

/** Nothing was lost, nothing is left behind, no id was made twice. */
async function expectWhole(albums: readonly Album[], towns: Towns, owner: TestDatabase): Promise<void> {
  for (const album of albums) for (const catalog of towns.catalogs) await checkAlbum(album, catalog)
  const ids = albums.flatMap((album) => album.ids)
  expect(new Set(ids).size).toBe(ids.length)
  const rows = albums.reduce((sum, { photos, removed }) => sum + photos.size + removed.size, 0)
  const other = owner === towns.a ? towns.b : towns.a
  expect(await countRows(owner)).toEqual([{ photos: rows, shards: RANGE.to - RANGE.from + 1 }])
  expect(await countRows(other)).toEqual([{ photos: 0, shards: 0 }])
}

test.each(MOVE_STAGES)(
  'a move that is killed when it has %s can be run again, and no owner notices either',
  async (stage) => {
    await using towns = await openTowns()
    const { a, b, catalogs } = towns
    const traffic = startTraffic(catalogs, ownersOf(RANGE, 5))
    await expect.poll(() => traffic.albums.every(({ steps }) => steps > 5)).toBe(true)

    await using killed = startMove(a, b, stage)
    const death = await killed.ended
    const steps = traffic.albums.map((album) => album.steps)
    // Owners go on, whatever the dead move left.
    const goOn = () => traffic.albums.every((album, index) => album.steps > (steps[index] as number) + 3)
    await expect.poll(goOn).toBe(true)
    await moveShards(allShardsAt(a.url), RANGE, b.url)
    await traffic.stop()

    expect(death.signal).toBe('SIGKILL')
    await expectWhole(traffic.albums, towns, b)
  },
)

test('shards that move to and fro, while moves are killed at any moment, lose no photo', {
  timeout: 300_000,
}, async () => {
  await using towns = await openTowns()
  const { a, b, catalogs } = towns
  const traffic = startTraffic(catalogs, ownersOf(RANGE, 5))

  // Each begins where the shards are: from there the other one is known, too, of which rows may be left.
  for (const [source, target] of [
    [a, b],
    [b, a],
  ] as const) {
    for (let kill = 0; kill < 2; kill++) {
      await using move = startMove(source, target)
      await move.nextLine()
      await sleep(Math.random() * 300)
      move.child.kill('SIGKILL')
      await move.ended
    }
    await moveShards(allShardsAt(source.url), RANGE, target.url)
  }
  await traffic.stop()

  await expectWhole(traffic.albums, towns, a)
})

test('what a move back to the only database that is configured has left behind is told, and removed by the next', async () => {
  await using towns = await openTowns()
  const { a, b } = towns
  const range = { from: RANGE.from, to: RANGE.from }
  const ranges = allShardsAt(a.url)
  await writePhotos(a, { owner: 'alice', shard: RANGE.from, count: 5 })
  await moveShards(ranges, range, b.url)
  const stopped = moveShards(ranges, range, a.url, (stage) => {
    if (stage === 'opened') throw new Error('stopped')
  })
  await expect(stopped).rejects.toThrow('stopped')

  const left = async () => (await describeShards(ranges)).lines.filter(({ state }) => state === 'left')
  expect(await left()).toMatchObject([{ ...range, photos: 5, database: databaseName(b.url) }])
  await moveShards(ranges, range, a.url)

  expect(await left()).toEqual([])
  expect(await countRows(b)).toEqual([{ photos: 0, shards: 0 }])
  expect(await a.query('select from shards where came_from is not null')).toEqual([])
})

test('two moves of the same shards at once do no harm', async () => {
  await using towns = await openTowns()
  const { a, b, catalogs } = towns
  const traffic = startTraffic(catalogs, ownersOf(RANGE, 5))
  const move = async () => await moveShards(allShardsAt(a.url), RANGE, b.url)

  const moves = await Promise.allSettled([move(), move(), move()])
  await move()
  await traffic.stop()

  const refusals = moves.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
  expect(new Set(refusals).difference(new Set(['move_overtaken']))).toEqual(new Set())
  await expectWhole(traffic.albums, towns, b)
})

test('a statement that began before its shard moved finds its photo, however late it comes to it', async () => {
  await using towns = await openTowns()
  const { a, b } = towns
  const shard = RANGE.from
  await writePhotos(a, { owner: 'alice', shard, count: 1 })
  const [{ id }] = (await a.query('select id::text from photos')) as [{ id: PhotoId }]
  await using map = new ShardMap(allShardsAt(a.url), { connections: 2 })
  await using gate = await holdGate(a)
  const gone = Promise.withResolvers<void>()
  const rows = map.ofPhoto(id).query(
    `with gate as materialized (select pg_advisory_xact_lock_shared(${GATE}))
     update photos set alt = 'late' from gate where id = $1 and photo_is_here($1) returning id`,
    [id],
  )
  await expect.poll(async () => await gate.waiters(), PATIENCE).toBe(1)

  const moved = moveShards(allShardsAt(a.url), { from: shard, to: shard }, b.url, (stage) => {
    if (stage === 'opened' || stage === 'removed') gone.resolve()
  })
  await gone.promise
  // So long it would take to remove what has moved.
  await Promise.race([moved, sleep(1_000)])
  await gate.open()

  expect(await rows).toHaveLength(1)
  await moved
  expect(await b.query('select alt from photos')).toEqual([{ alt: 'late' }])
  expect(await a.query('select from photos')).toEqual([])
})

test('writers of a shard wait for what changed last, however many photos it has', async () => {
  await using towns = await openTowns()
  const { a, b } = towns
  const photos = 6_000
  await writePhotos(a, { owner: 'alice', shard: RANGE.from, count: photos })
  let isHeld = false
  let asked = 0
  const query = pg.Client.prototype.query
  using _count = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...args
  ) {
    if (isHeld) asked += 1
    return Reflect.apply(query, this, args)
  })

  await moveShards(allShardsAt(a.url), { from: RANGE.from, to: RANGE.from }, b.url, (stage) => {
    if (stage === 'held') isHeld = true
    if (stage === 'switched') isHeld = false
  })

  // A page of photos would be 500 of them.
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(20)
  expect(await b.query(`select count(*)::int from photos where shard_of(id) = ${RANGE.from}`)).toEqual([
    { count: photos },
  ])
})

test('a move reads the photos of its shards, however many others there are', async () => {
  await using towns = await openTowns()
  const { a, b } = towns
  const photos = 600
  await writePhotos(a, { owner: 'alice', shard: RANGE.to + 1, count: 30_000 })
  await writePhotos(a, { owner: 'bob', shard: RANGE.from, count: photos })

  const before = await rowsRead(a)

  await moveShards(allShardsAt(a.url), { from: RANGE.from, to: RANGE.from }, b.url)

  // Copied, compared, removed, and looked at by the tables that refer to them.
  expect((await rowsRead(a)) - before).toBeLessThan(20 * photos)
})

test('ids that are reserved move with their shard, and can be used while it moves', async () => {
  await using towns = await openTowns()
  const { a, b, catalogs } = towns
  const [owner] = ownersOf(RANGE, 1) as [OwnerId]
  const ids = await catalogs[0].reservedIds.reserve(owner, 30)
  const use = async (id: PhotoId) =>
    await catalogs[1].reservedIds.use({ ...PLAIN, id, owner, secret: newSecret() })
  const used = ids.splice(0, 10).map(use)
  const meanwhile: Promise<boolean>[] = []

  await moveShards(allShardsAt(a.url), RANGE, b.url, (stage) => {
    if (stage === 'prepared' || stage === 'held') meanwhile.push(...ids.splice(0, 5).map(use))
  })
  const after = await Promise.all(ids.map(use))

  expect(new Set(await Promise.all([...used, ...meanwhile]))).toEqual(new Set([true]))
  expect(after).toEqual(after.map(() => true))
  expect(await Promise.all(ids.map(use))).toEqual(after.map(() => false))
  for (const { database, photos } of [
    { database: a, photos: 0 },
    { database: b, photos: 30 },
  ])
    expect(
      await database.query(
        'select (select count(*)::int from photos) as photos, (select count(*)::int from reserved_ids) as reserved',
      ),
    ).toEqual([{ photos, reserved: 0 }])
})

test('what owners have used of their day moves with their shard, also while it is counted', async () => {
  await using towns = await openTowns()
  const { a, b, catalogs } = towns
  const [owner] = ownersOf(RANGE, 1) as [OwnerId]
  const limits = { photos: 12, bytes: null }
  const upload = async () => {
    const { photos } = catalogs[1]
    const id = await photos.nextId(owner)
    await photos.insert({ ...PLAIN, id, owner, secret: newSecret() }, limits)
  }
  await Promise.all([upload(), upload()])
  const meanwhile: Promise<void>[] = []

  await moveShards(allShardsAt(a.url), RANGE, b.url, (stage) => {
    if ((stage === 'prepared' || stage === 'held') && meanwhile.length < 8) meanwhile.push(upload(), upload())
  })
  await Promise.all(meanwhile)

  expect((await catalogs[1].dailyUses.of(owner)).photos).toBe(2 + meanwhile.length)
  const rest = await Promise.allSettled(Array.from({ length: 12 }, upload))
  expect(rest.filter(({ status }) => status === 'fulfilled')).toHaveLength(10 - meanwhile.length)
  expect(await a.query('select from daily_uses')).toEqual([])
  expect(await b.query('select from daily_uses')).toHaveLength(1)
})

test('writers that wait for a shard leave connections to the others', async () => {
  await using towns = await openTowns()
  const { a, catalogs } = towns
  const [catalog] = catalogs
  const [waiting] = ownersOf(RANGE, 1) as [OwnerId]
  const [other] = ownersOf({ from: 5000, to: 5100 }, 1) as [OwnerId]
  const holder = new pg.Client({ connectionString: a.url })
  await holder.connect()
  await holder.query(`begin; select pg_advisory_xact_lock(7266766, ${shardOfOwner(waiting)})`)

  const waits = Promise.all(Array.from({ length: 20 }, () => catalog.photos.nextId(waiting)))
  const id = await catalog.photos.nextId(other)
  await holder.end()

  expect(shardOf(id)).toBe(shardOfOwner(other))
  expect(new Set(await waits).size).toBe(20)
})

test('shards whose database falls silent as their move begins are not taken for moved', async () => {
  await using source = await openTestDatabase()
  await using target = await openDatabaseWithoutShards()
  await using proxy = await startProxy(source.url)
  await using map = new ShardMap(allShardsAt(proxy.url), { connections: 1 })
  await giveShards(map, allShardsAt(proxy.url))
  await proxy.cut()

  const planned = planRuns(map, { from: 7, to: 7 }, map.databaseAt(target.url))

  await expect(planned).rejects.toThrow(EngineUnavailableError)
})

test('copies that differ from the photos are not switched to', async () => {
  await using towns = await openTowns()
  const { a, b, catalogs } = towns
  const traffic = startTraffic(catalogs, ownersOf(RANGE, 2))
  await expect.poll(() => traffic.albums.every(({ steps }) => steps > 5)).toBe(true)
  await traffic.stop()
  await b.query(
    `create function spoil() returns trigger language plpgsql as $$ begin new.bytes = 0; return new; end $$`,
  )
  await b.query('create trigger spoil before insert on photos for each row execute function spoil()')

  const moved = moveShards(allShardsAt(a.url), RANGE, b.url)

  await expect(moved).rejects.toThrow('differ')
  await b.query('drop trigger spoil on photos')
  for (const album of traffic.albums) await checkAlbum(album, catalogs[0])
  await moveShards(allShardsAt(a.url), RANGE, b.url)
  await expectWhole(traffic.albums, towns, b)
})

test('a database refuses every write to a shard that has left it, whoever forgot to ask', async () => {
  await using towns = await openTowns()
  const { a, b, catalogs } = towns
  const traffic = startTraffic([catalogs[0]], ownersOf(RANGE, 1))
  const ready = () =>
    traffic.albums.flatMap(({ photos }) => [...photos]).find(([, status]) => status === 'ready')
  await expect.poll(ready).toBeDefined()
  await traffic.stop()
  const [id] = ready() as [PhotoId, string]

  // A move that could not remove the old rows yet.
  const stopped = moveShards(allShardsAt(a.url), RANGE, b.url, (stage) => {
    if (stage === 'opened') throw new Error('stopped')
  })
  await expect(stopped).rejects.toThrow('stopped')

  const refusal = `shard ${shardOf(id)} is not in this database`
  await expect(a.query(`update photos set bytes = 1 where id = ${id}`)).rejects.toThrow(refusal)
  await expect(
    a.query(
      `insert into earlier_renditions (photo_id, edition, renditions, due_at) values (${id}, 9, '', now())`,
    ),
  ).rejects.toThrow(refusal)
  await expect(a.query(`delete from photos where id = ${id}`)).rejects.toThrow(refusal)
  await expect(a.query(`select next_photo_id(${shardOf(id)})`)).rejects.toThrow(refusal)
  const insert = `insert into photos (id, owner, visibility, format, bytes, sha256, posted_at)
    values (${BigInt(id) + 1n}, 'x', 'public', 'jpeg', 1, '', 1)`
  await expect(a.query(insert)).rejects.toThrow(refusal)
})
