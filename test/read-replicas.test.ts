import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { pgbouncer } from '../scripts/services/pgbouncer.ts'
import { startTemporarily } from '../scripts/services/running-service.ts'
import { isInstalled } from '../scripts/services/service.ts'
import { Catalog } from '../src/catalog/catalog.ts'
import type { Select } from '../src/catalog/database/database.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt, type ReplicaUrls } from '../src/config/shard-ranges.ts'
import type { ReadyReply } from '../src/http/routes/health.ts'
import { type OwnerId, type Shard, shardOfOwner } from '../src/photo/shard.ts'
import { migratePostgresQueue } from '../src/queue/postgres-set-up.ts'
import { openCachedCatalog } from './support/cached-catalog.ts'
import { expectExact, idsOf, step, World } from './support/feed-world.ts'
import { openTestMemcached, testWithMemcached } from './support/memcached.ts'
import { needs } from './support/needs.ts'
import { remove, upload } from './support/photo-client.ts'
import { insertPhoto } from './support/photos.ts'
import { type Replicated, type Server, startReplicated } from './support/replicated.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { recordedLog } from './support/service.ts'
import { checkAlbum, ownersOf, startTraffic } from './support/shard-traffic.ts'
import { startTwoServers } from './support/two-servers.ts'
import { authorization } from './support/uploads.ts'

const testWithPgbouncer = needs('PgBouncer', isInstalled(pgbouncer('')), 'apt-get install pgbouncer')

/** What is back is watched for three seconds before it is read from. */
const PATIENCE = { interval: 50 }
const READ_FROM = 'a replica is read from'
const NOT_READ_FROM = 'a replica is not read from; its database answers'

const WHO = 'select current_database() as database, pg_is_in_recovery() as "isReplica"'
const HERE = { database: 'postgres', isReplica: false }
const AT_REPLICA = { database: 'postgres', isReplica: true }

let pair: Replicated
let primary: Server
let replica: Server
let second: Server

beforeAll(async () => {
  pair = await startReplicated(2)
  ;[primary, replica, second] = [pair.primary, ...pair.replicas] as [Server, Server, Server]
  await migrateCatalog(allShardsAt(primary.url))
})
afterAll(async () => await pair[Symbol.asyncDispose]())

/** The databases and their replicas, as one server has them. */
function openReader(replicas: ReplicaUrls = new Map([[primary.url, [replica.url]]]), url = primary.url) {
  const { log, lines } = recordedLog()
  const map = new ShardMap(allShardsAt(url), { connections: 4, replicas, log })
  const catalog = new Catalog(map)
  return {
    map,
    catalog,
    /** Why the first replica is not read from; null when it is. */
    reason: async () => (await catalog.replicas.states())[0]?.reason,
    /** Who answers what replicas are asked for. */
    answers: async (statement: string = WHO, shard = 0) => {
      const [row] = await map.of(shard as Shard).readAtReplica(statement as Select)
      return row
    },
    told: () => lines.map(({ msg, reason }) => (reason ? `${msg}: ${reason}` : msg)),
    [Symbol.asyncDispose]: async () => await map[Symbol.asyncDispose](),
  }
}

async function openReaderInUse() {
  const reader = openReader()
  await expect.poll(reader.reason, PATIENCE).toBe(null)
  return reader
}

test('a replica is looked at first, and then answers what is read there, as the log says', async () => {
  await using reader = openReader()

  expect(await reader.answers()).toEqual(HERE)
  await expect.poll(reader.reason, PATIENCE).toBe(null)

  await expect.poll(() => reader.answers(), PATIENCE).toEqual(AT_REPLICA)
  expect(reader.told()[0]).toBe(READ_FROM)
})

test('a replica that has replayed a file of the log to its end lacks nothing of the next one, which is empty', async () => {
  await using reader = await openReaderInUse()

  await primary.query('select pg_switch_wal()')

  await expect.poll(() => reader.answers(), { timeout: 5_000, interval: 5 }).toEqual(AT_REPLICA)
})

const nameIn = (url: string) => new URL(url).host + new URL(url).pathname

/** As a replica is told its primary. */
function connectionOf(url: string): string {
  const { hostname, port, username, password } = new URL(url)
  return `host=${hostname} port=${port} user=${username} password=${password}`
}

const delay = (time: string) => [
  `alter system set recovery_min_apply_delay = '${time}'`,
  'select pg_reload_conf()',
]
/** Later than no read waits for, than many do, than all do, and for good. */
const LAGS = [
  { how: 'keeps up', enter: [], leave: [] },
  { how: 'is 20 ms behind', enter: delay('20ms'), leave: delay('0') },
  { how: 'is 300 ms behind', enter: delay('300ms'), leave: delay('0') },
  {
    how: 'replays nothing any more',
    enter: ['select pg_wal_replay_pause()'],
    leave: ['select pg_wal_replay_resume()'],
  },
]

test.each(LAGS)(
  'owners see all that they did, through whatever server, when the replica $how',
  async (lag) => {
    await using one = await openReaderInUse()
    await using other = await openReaderInUse()
    const first = LAGS.indexOf(lag) * 1000
    await replica.query('select 1', ...lag.enter)

    const traffic = startTraffic([one.catalog, other.catalog], ownersOf({ from: first, to: first + 999 }, 3))
    await expect.poll(() => traffic.albums.every(({ steps }) => steps > 25), PATIENCE).toBe(true)
    await traffic.stop()
    for (const album of traffic.albums) await checkAlbum(album, one.catalog)

    await replica.query('select 1', ...lag.leave)
  },
)

/** Each page has what was posted, hidden and deleted, step by step, through both servers. */
async function expectExactHistory(name: string, catalogs: [Catalog, Catalog]): Promise<void> {
  const owners = [0, 1, 2, 3].map((n) => `${name}-${n}` as OwnerId)
  const world = new World(owners, catalogs)
  for (const each of fc.sample(step, { numRuns: 30, seed: 7 })) {
    if (each.act === 'post') await world.post(each)
    else await world[each.act](each.which)
    const newest = world.shown(owners).slice(0, 9)
    expect(idsOf(await world.catalog.feeds.page(owners, { older: 9 }))).toEqual(newest.map(({ id }) => id))
  }
  await expectExact(world, owners, 3)
}

test.each(LAGS)(
  'feeds have at every moment what was posted, hidden and deleted, when the replica $how',
  async (lag) => {
    await using one = await openReaderInUse()
    await using other = await openReaderInUse()
    await replica.query('select 1', ...lag.enter)

    await expectExactHistory(`feed-${LAGS.indexOf(lag)}`, [one.catalog, other.catalog])

    await replica.query('select 1', ...lag.leave)
  },
)

testWithMemcached('so have feeds whose heads servers remember as the replica tells them', async () => {
  await using memcached = await openTestMemcached()
  const replicas = new Map([[primary.url, [replica.url]]])
  const open = () => openCachedCatalog(allShardsAt(primary.url), memcached.url, replicas)
  await using one = await open()
  await using other = await open()
  for (const { catalog, changes } of [one, other]) {
    await expect.poll(async () => (await catalog.replicas.states())[0]?.reason, PATIENCE).toBe(null)
    await expect.poll(() => changes.areKnown(), PATIENCE).toBe(true)
  }
  await replica.query('select 1', ...delay('20ms'))

  await expectExactHistory('cached', [one.catalog, other.catalog])

  expect(one.catalog.feeds.takeRates().heads).toBeGreaterThan(0)
  await replica.query('select 1', ...delay('0'))
})

test('many who read photos of one owner at a replica that is late do not wait for each other', async () => {
  await using reader = await openReaderInUse()
  const busy = 'busy' as OwnerId
  await replica.query('select 1', ...delay('20ms'))
  let [read, written] = [0, 0]

  // In turn, they would take six seconds or more.
  const readers = Array.from({ length: 300 }, async () => {
    await reader.catalog.photos.list(busy, busy, { older: 1 })
    read++
  })
  while (read < readers.length) {
    await insertPhoto(reader.catalog, busy)
    written++
  }
  await replica.query('select 1', ...delay('0'))

  await Promise.all(readers)
  expect(written).toBeGreaterThan(0)
})

test('a replica that is behind is not read from, which the log tells, and comes back by itself', async () => {
  await using reader = await openReaderInUse()

  await replica.query('select pg_wal_replay_pause()')
  const id = await insertPhoto(reader.catalog, 'behind' as OwnerId)
  const found = await reader.catalog.photos.findAll([id])
  await expect.poll(reader.reason, PATIENCE).toMatch(/^it is [\d.]+ s and [\d.]+ MB behind$/)
  const answered = await reader.answers()
  await replica.query('select pg_wal_replay_resume()')

  expect(found.map((photo) => photo.id)).toEqual([id])
  expect(answered).toEqual(HERE)
  await expect.poll(() => reader.answers(), PATIENCE).toEqual(AT_REPLICA)
  expect(reader.told()).toEqual([
    READ_FROM,
    expect.stringMatching(new RegExp(`^${NOT_READ_FROM}: .* behind$`)),
    READ_FROM,
  ])
})

test('what a replica is asked for that hangs is answered by its database, and it comes back', async () => {
  await using reader = await openReaderInUse()
  await reader.answers()

  await replica.signal('SIGSTOP')
  const answered = await reader.answers()
  const left = await reader.reason()
  await replica.signal('SIGCONT')

  expect(answered).toEqual(HERE)
  expect(left).toMatch('timeout')
  await expect.poll(() => reader.answers(), PATIENCE).toEqual(AT_REPLICA)
})

test('a replica that dies under a read fails nobody, and is read from when it is back', async () => {
  await using reader = await openReaderInUse()
  const slow = `${WHO} from (select pg_sleep(20) where pg_is_in_recovery() offset 0) waited right join (select) one on true`

  const asked = reader.answers(slow)
  await expect
    .poll(() => replica.query(`select from pg_stat_activity where query = '${slow.replaceAll("'", "''")}'`))
    .toHaveLength(1)
  await replica.kill()

  expect(await asked).toEqual(HERE)
  expect(await reader.answers()).toEqual(HERE)
  await replica.start()
  await expect.poll(() => reader.answers(), PATIENCE).toEqual(AT_REPLICA)
})

test('a read that stands in the way of what is replayed is repeated at the database, and the replica is read from all the same', async () => {
  await using reader = await openReaderInUse()
  await replica.query(`alter system set max_standby_streaming_delay = 0`, 'select pg_reload_conf()')
  await primary.query('create table in_the_way as select 1 as n')
  const slow = `${WHO} from in_the_way, lateral (select case when pg_is_in_recovery() then pg_sleep(20) end offset 0) waited`
  await reader.answers()

  const asked = reader.answers(slow)
  await expect
    .poll(() =>
      replica.query(`select from pg_stat_activity where query = '${slow}' and wait_event = 'PgSleep'`),
    )
    .toHaveLength(1)
  await primary.query('lock table in_the_way in access exclusive mode; alter table in_the_way add m int')

  expect(await asked).toEqual(HERE)
  expect(await reader.reason()).toBe(null)
  await expect.poll(() => reader.answers(), PATIENCE).toEqual(AT_REPLICA)
})

test('shards that move are read from the replica of the database that has them', async () => {
  await primary.query('create database a', 'create database b')
  const [a, b] = [primary.urlOf('a'), primary.urlOf('b')]
  const replicas = new Map([
    [a, [replica.urlOf('a')]],
    [b, [replica.urlOf('b')]],
  ])
  await migrateCatalog(allShardsAt(a))
  await using reader = openReader(replicas, a)
  const mover = 'mover' as OwnerId
  const shard = shardOfOwner(mover)
  const id = await insertPhoto(reader.catalog, mover)
  const states = async () => (await reader.catalog.replicas.states()).map(({ reason }) => reason)
  await expect.poll(states, PATIENCE).toEqual([null, null])

  await moveShards(allShardsAt(a), { from: shard, to: shard }, b)

  const page = await reader.catalog.photos.list(mover, mover, { older: 1 })
  expect(page.photos.map((photo) => photo.id)).toEqual([id])
  const answers = () => Promise.all([shard, shard + 1].map((each) => reader.answers(WHO, each)))
  await expect.poll(answers, PATIENCE).toEqual(['b', 'a'].map((database) => ({ database, isReplica: true })))
})

test('an owner is told by another server what was just uploaded and deleted; /readyz and the doctor say what is read from', async () => {
  await primary.query('create database api')
  const [ours, its] = [primary.urlOf('api'), replica.urlOf('api')]
  await migrateCatalog(allShardsAt(ours))
  await migratePostgresQueue(ours)
  await using servers = await startTwoServers({ DATABASE_URL: `${ours}|${its}` })
  const { one, other } = servers
  const replicasOf = async ({ url }: { url: string }) =>
    ((await (await fetch(`${url}/readyz`)).json()) as ReadyReply).engines.replicas
  const idsAt = async (path: string) => {
    const reply = await fetch(`${other.url}${path}`, { headers: await authorization(other) })
    return ((await reply.json()) as { photos: { id: string }[] }).photos.map(({ id }) => id)
  }
  await expect.poll(() => Promise.all([one, other].map(replicasOf)), PATIENCE).toEqual(['ready', 'ready'])

  await replica.query('select pg_wal_replay_pause()')
  const { id } = await upload(one)
  const seen = [await idsAt('/v1/owners/alice/photos'), await idsAt(`/v1/photos?ids=${id}`)]
  await remove(one, id)
  const left = [await idsAt('/v1/owners/alice/photos'), await idsAt(`/v1/photos?ids=${id}`)]
  await expect.poll(() => replicasOf(other), PATIENCE).toEqual('unavailable')
  await replica.query('select pg_wal_replay_resume()')

  expect(seen).toEqual([[id], [id]])
  expect(left).toEqual([[], []])
  await expect.poll(() => replicasOf(other), PATIENCE).toEqual('ready')

  const doctor = async (url: string) =>
    (await runDarkroom(['doctor'], { DARKROOM_HOME: one.config.home, DATABASE_URL: url })).stdout
  const [both, asDatabase] = await Promise.all([doctor(`${ours}|${its}|${replica.urlOf('a')}`), doctor(its)])
  expect(both).toContain(
    `${nameIn(replica.urlOf('a'))} is not read from, but ${nameIn(ours)}: it has another database`,
  )
  expect(both).not.toContain(`${nameIn(its)} is not`)
  expect(asDatabase).toContain(`${nameIn(its)} is a replica, which takes no photos`)
})

testWithPgbouncer(
  'a replica is read from with PgBouncer in transaction mode before it and before its database',
  async () => {
    await using before = await startTemporarily(pgbouncer(primary.url))
    await using beforeIt = await startTemporarily(pgbouncer(replica.url))
    const [url, its] = [before, beforeIt].map(({ env }) => env.DATABASE_URL as string) as [string, string]
    await using reader = openReader(new Map([[url, [its]]]), url)
    await expect.poll(reader.reason, PATIENCE).toBe(null)

    const traffic = startTraffic([reader.catalog], ownersOf({ from: 5000, to: 5999 }, 2))
    await expect.poll(() => traffic.albums.every(({ steps }) => steps > 5), PATIENCE).toBe(true)
    await traffic.stop()

    await expect.poll(() => reader.answers(), PATIENCE).toEqual(AT_REPLICA)
  },
)

test('what is no replica of the database is not read from, and the log says why', async () => {
  await primary.query('create database other_name')
  const isThere = async () =>
    await replica.query("select datname from pg_database where datname = 'other_name'")
  await expect.poll(isThere, PATIENCE).toHaveLength(1)
  const cases = [
    [primary.url, inject('databaseUrl'), 'it is no replica, as it takes writes'],
    [primary.url, replica.urlOf('other_name'), 'another database of the same server'],
    [inject('databaseUrl'), replica.url, 'it is a replica of another server'],
    [primary.url, 'postgres://darkroom:wrong@127.0.0.1:1/postgres', "it can't be read: connect ECONNREFUSED"],
    [primary.url, replica.urlOf('nowhere'), 'database "nowhere" does not exist'],
  ] as const

  for (const [url, stranger, why] of cases) {
    await using reader = openReader(new Map([[url, [stranger]]]), url)

    expect(await reader.reason()).toMatch(why)
    expect(await reader.answers()).toMatchObject({ isReplica: false })
    expect(reader.told()).toEqual([expect.stringMatching(why)])
  }
})

test('a replica whose database does not say how far it is waits for it, as the doctor would say', async () => {
  const gone = 'postgres://darkroom:wrong@127.0.0.1:1/postgres'
  await using reader = openReader(new Map([[gone, [replica.url]]]), gone)

  expect(await reader.reason()).toMatch('its database does not say how far it is: connect ECONNREFUSED')
})

test('a replica that was promoted is not read from any more, and another one follows it', async () => {
  await using reader = await openReaderInUse()

  await replica.query('select pg_promote()')
  const answered = await reader.answers()
  await second.query(
    `alter system set primary_conninfo = '${connectionOf(replica.url)}'`,
    'select pg_reload_conf()',
  )
  await using after = openReader(new Map([[replica.url, [second.url]]]), replica.url)
  const early = await after.reason()
  await replica.query('checkpoint')
  await expect
    .poll(async () => {
      await second.query('checkpoint')
      return await after.answers()
    }, PATIENCE)
    .toEqual(AT_REPLICA)

  expect(answered).toEqual(HERE)
  expect(await reader.reason()).toMatch('it is no replica, as it takes writes: it was promoted')
  expect(early).toMatch('it is on timeline 00000001 and its database on 00000002')
})
