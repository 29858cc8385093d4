import { expect, test } from 'vitest'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { sweepJobs } from '../src/sweep/lost-jobs.ts'
import { openDatabaseWithoutShards, openTestDatabase, type TestDatabase } from './support/database.ts'
import { insertPhoto } from './support/photos.ts'
import { temporaryHome } from './support/processes/temporary-home.ts'
import { runDarkroom } from './support/run-darkroom.ts'
import { silentLog, startService } from './support/service.ts'

const owner = 'alice' as OwnerId
const inAMinute = () => new Date(Date.now() + 60_000)
const nameIn = (url: string) => url.replace(/^.*@/, '')

/** As if the clock of the database's machine had been a year ahead when the shard of alice was last used. */
async function runAhead(database: TestDatabase): Promise<void> {
  await database.query(`select next_photo_id(${shardOfOwner(owner)}, now() + interval '1 year')`)
}

/** From now on the clock of the database is so much ahead. */
async function setClock(database: TestDatabase, ahead: string): Promise<void> {
  await database.query(
    `create schema set_clock;
     create function set_clock.clock_timestamp() returns timestamptz volatile
       return pg_catalog.clock_timestamp() + interval '${ahead}';
     do $$ begin
       execute format('alter database %I set search_path = set_clock, pg_catalog, public', current_database());
     end $$`,
  )
}

test('lost jobs are enqueued again although the clock of the database was a year ahead before', async () => {
  await using service = await startService()
  await runAhead(service.database)
  const photoId = await insertPhoto(service.catalog, owner)

  expect(await sweepJobs(service, silentLog)).toBe(0)
  expect(await sweepJobs(service, silentLog, inAMinute())).toBe(1)
  expect(await service.queue.state({ kind: 'resize', photoId })).not.toEqual({ name: 'missing' })
})

test('lost jobs are enqueued again of photos that were written while the clock was a year ahead', async () => {
  await using service = await startService()
  const photoId = await insertPhoto(service.catalog, owner)
  await service.database.query("update photos set written_at = now() + interval '1 year'")

  expect(await sweepJobs(service, silentLog)).toBe(1)
  expect(await service.queue.state({ kind: 'resize', photoId })).not.toEqual({ name: 'missing' })
})

test('the doctor tells of ids that are dated ahead', async () => {
  await using home = await temporaryHome()
  await using database = await openTestDatabase()
  await runAhead(database)

  const { stdout } = await runDarkroom(['doctor'], { DARKROOM_HOME: home.path, DATABASE_URL: database.url })

  expect(stdout).toMatch(
    new RegExp(`The clock of ${nameIn(database.url)} was ahead once: until it has caught up, in 36[56] days`),
  )
})

test('the doctor tells of clocks that differ between databases', async () => {
  await using home = await temporaryHome()
  await using a = await openDatabaseWithoutShards()
  await using b = await openDatabaseWithoutShards()
  const ranges = [
    { from: 0, to: 4095, url: a.url },
    { from: 4096, to: 8191, url: b.url },
  ]
  await migrateCatalog(ranges)
  await setClock(a, '-5 minutes')
  await setClock(b, '5 minutes')
  const shards = ranges.map(({ from, to, url }) => `${from}-${to}=${url}`).join(',')

  const { code, stdout } = await runDarkroom(['doctor'], {
    DARKROOM_HOME: home.path,
    DATABASE_SHARDS: shards,
    QUEUE_URL: a.url,
  })

  expect(code).toBe(1)
  expect(stdout).toContain(
    `The clock of ${nameIn(b.url)} is 10 minutes ahead of that of ${nameIn(a.url)}. Set both by NTP`,
  )
})
