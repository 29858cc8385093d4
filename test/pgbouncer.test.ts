import { expect, inject } from 'vitest'
import { pgbouncer } from '../scripts/services/pgbouncer.ts'
import { startTemporarily } from '../scripts/services/running-service.ts'
import { isInstalled } from '../scripts/services/service.ts'
import { Catalog } from '../src/catalog/catalog.ts'
import { Database } from '../src/catalog/database/database.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { EngineUnavailableError, SetupError } from '../src/errors.ts'
import { openEmptyDatabase, openTestDatabase } from './support/database.ts'
import { needs } from './support/needs.ts'
import { fixture } from './support/pictures.ts'
import { startService } from './support/service.ts'
import { checkAlbum, ownersOf, startTraffic } from './support/shard-traffic.ts'
import { photoForm, postForm } from './support/uploads.ts'

const testWithPgbouncer = needs('PgBouncer', isInstalled(pgbouncer('')), 'apt-get install pgbouncer')

type Bouncer = AsyncDisposable & { through(url: string): string }

/** A PgBouncer of the test's own before the PostgreSQL that all tests share. */
async function startBouncer(): Promise<Bouncer> {
  const running = await startTemporarily(pgbouncer(inject('databaseUrl')))
  const { host } = new URL(running.env.DATABASE_URL as string)
  return {
    through: (url) => Object.assign(new URL(url), { host }).href,
    [Symbol.asyncDispose]: async () => await running[Symbol.asyncDispose](),
  }
}

testWithPgbouncer(
  'a photo goes all its way with PgBouncer in transaction mode before the database',
  async () => {
    await using bouncer = await startBouncer()
    await using database = await openTestDatabase()
    await using service = await startService({
      DATABASE_URL: bouncer.through(database.url),
      QUEUE_URL: database.url,
    })
    await using _work = service.work()

    const reply = await postForm(service, photoForm(await fixture('plain.jpg')), { prefer: 'wait=60' })

    expect(reply.status).toBe(201)
    expect(await reply.json()).toMatchObject({ status: 'ready' })
  },
)

testWithPgbouncer('a statement that was given up does not run on behind PgBouncer', async () => {
  await using bouncer = await startBouncer()
  await using opened = await openTestDatabase()
  await using database = new Database(bouncer.through(opened.url), { connections: 2, statementMs: 500 })
  await database.query('select 1')

  await expect(database.query('select pg_sleep(600)')).rejects.toThrow(EngineUnavailableError)

  const active = `select query from pg_stat_activity
    where datname = current_database() and state = 'active' and query like 'select pg_sleep%'`
  expect(await opened.query(active)).toEqual([])
  expect(await opened.query('show statement_timeout')).toEqual([{ statement_timeout: '0' }])
})

testWithPgbouncer('whose heads and followings were changed is heard through PgBouncer', async () => {
  await using bouncer = await startBouncer()
  await using opened = await openTestDatabase()
  const told: unknown[] = []
  const tell = async (_: Database, names: unknown) => void told.push(names)
  await using database = new Database(bouncer.through(opened.url), { connections: 1, tell })
  const follow = `insert into following (viewer, id, owners, version) select $1, named_id(1, $1), '{}', 1`

  await database.query(follow, ['vera'])
  await database.transaction(async ({ query }) => {
    for (const viewer of ['vito', 'vlad']) await query(follow, [viewer])
  })

  expect(told).toEqual([['vera'], ['vito', 'vlad']])
})

testWithPgbouncer(
  'a queue that PgBouncer would break is refused, and its operator told what to set',
  async () => {
    await using bouncer = await startBouncer()
    await using database = await openTestDatabase()

    const started = startService({ DATABASE_URL: bouncer.through(database.url) })

    await expect(started).rejects.toThrow(SetupError)
    await expect(started).rejects.toThrow('QUEUE_URL')
  },
)

testWithPgbouncer('shards move from one PgBouncer to another while owners go on', async () => {
  await using here = await startBouncer()
  await using there = await startBouncer()
  await using a = await openEmptyDatabase()
  await using b = await openEmptyDatabase()
  const ranges = allShardsAt(here.through(a.url))
  const range = { from: 1000, to: 1150 }
  await migrateCatalog(ranges)
  await using map = new ShardMap(ranges, { connections: 5 })
  const catalog = new Catalog(map)
  const traffic = startTraffic([catalog], ownersOf(range, 3))
  await expect.poll(() => traffic.albums.every(({ steps }) => steps > 5)).toBe(true)

  await moveShards(ranges, range, there.through(b.url))
  await traffic.stop()

  for (const album of traffic.albums) await checkAlbum(album, catalog)
  expect(
    await a.query(`select from photos where shard_of(id) between ${range.from} and ${range.to}`),
  ).toEqual([])
})
