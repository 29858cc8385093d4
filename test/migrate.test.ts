import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateDatabase } from '../src/catalog/tables/migrate.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { SetupError } from '../src/errors.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { openEmptyDatabase, openTestDatabase, type TestDatabase } from './support/database.ts'
import { migrateUpTo } from './support/earlier-tables.ts'
import { writePhotos } from './support/many-photos.ts'
import { insertPhoto, PLAIN } from './support/photos.ts'

const owner = 'alice' as OwnerId

const ADD_COLUMN = 'alter table photos add column note text;'
const ADD_INDEX = `
  -- what an earlier run may have left
  drop index concurrently if exists photos_of_format;
  create index concurrently photos_of_format on photos (format);`

/** A folder of migrations that come after all of Darkroom's. */
async function folderOf(files: Record<string, string>): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-migrations-'))
  for (const [name, sql] of Object.entries(files)) await writeFile(join(path, name), sql)
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true }) }
}

/** Somebody who has read the photos and does not end the transaction. */
async function openIdleReader({
  url,
}: TestDatabase): Promise<AsyncDisposable & { commit(): Promise<unknown> }> {
  const client = new pg.Client({ connectionString: url, application_name: 'idle-reader' })
  await client.connect()
  await client.query('begin')
  await client.query('select from photos limit 1')
  return {
    commit: async () => await client.query('commit'),
    [Symbol.asyncDispose]: async () => await client.end(),
  }
}

async function columnsOf(database: TestDatabase): Promise<string[]> {
  const rows = (await database.query(
    "select column_name as name from information_schema.columns where table_name = 'photos'",
  )) as { name: string }[]
  return rows.map(({ name }) => name)
}

async function indexesOf(database: TestDatabase): Promise<string[]> {
  const rows = (await database.query(
    `select relname as name from pg_index join pg_class on pg_class.oid = indexrelid
     where indrelid = 'photos'::regclass and indisvalid`,
  )) as { name: string }[]
  return rows.map(({ name }) => name)
}

test('a migration that waits for a reader holds up nobody, and is done when the reader is', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 2 })
  const catalog = new Catalog(map)
  await using folder = await folderOf({ '900.do.note.sql': ADD_COLUMN })
  await using reader = await openIdleReader(database)
  let isDone = false

  const migrated = migrateDatabase(database.url, { directory: folder.path }).finally(() => {
    isDone = true
  })
  for (let page = 0; page < 200; page++) {
    await catalog.photos.list(owner, owner, { older: 30 })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(isDone).toBe(false)
  await reader.commit()

  expect(await migrated).toEqual(['900.do.note.sql'])
  expect(await columnsOf(database)).toContain('note')
})

test('a migration that had no chance names who holds the tables, and leaves nothing behind', async () => {
  await using database = await openTestDatabase()
  await using folder = await folderOf({ '900.do.note.sql': `create table notes (); ${ADD_COLUMN}` })
  await using _reader = await openIdleReader(database)

  const migrated = migrateDatabase(database.url, { directory: folder.path, patienceMs: 0 })

  await expect(migrated).rejects.toThrow(SetupError)
  await expect(migrated).rejects.toThrow(/process \d+ \(idle-reader, idle in transaction\)/)
  expect(await database.query("select to_regclass('notes') as notes")).toEqual([{ notes: null }])
})

test('an index is made beside writers and an idle reader, outside of a transaction', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 2 })
  const catalog = new Catalog(map)
  await using folder = await folderOf({ '900.do.index.concurrently.sql': ADD_INDEX })
  await using _reader = await openIdleReader(database)

  const migrated = migrateDatabase(database.url, { directory: folder.path })
  await catalog.photos.nextId(owner)

  expect(await migrated).toEqual(['900.do.index.concurrently.sql'])
  expect(await indexesOf(database)).toContain('photos_of_format')
  expect(await migrateDatabase(database.url, { directory: folder.path })).toEqual([])
})

test('an index whose making failed half-way is made when the migration is run again', async () => {
  await using database = await openTestDatabase()
  const unique = ADD_INDEX.replace('create index', 'create unique index')
  await using folder = await folderOf({ '900.do.index.concurrently.sql': unique })
  await database.query('alter table photos disable trigger hold_shard')
  await database.query(
    `insert into photos (id, owner, visibility, format, bytes, sha256, posted_at)
     select n, 'alice', 'public', 'jpeg', 1, '', 1 from generate_series(1, 2) n`,
  )

  await expect(migrateDatabase(database.url, { directory: folder.path })).rejects.toThrow('photos_of_format')
  expect(await indexesOf(database)).not.toContain('photos_of_format')
  await database.query('delete from photos')

  expect(await migrateDatabase(database.url, { directory: folder.path })).toEqual([
    '900.do.index.concurrently.sql',
  ])
  expect(await indexesOf(database)).toContain('photos_of_format')
})

test('several processes that migrate at once do each migration once', async () => {
  await using database = await openTestDatabase()
  await using folder = await folderOf({
    '900.do.note.sql': ADD_COLUMN,
    '901.do.index.concurrently.sql': ADD_INDEX,
    '902.do.note.sql': ADD_COLUMN.replace('note', 'second_note'),
  })

  const migrated = await Promise.all(
    [1, 2, 3].map(() => migrateDatabase(database.url, { directory: folder.path })),
  )

  expect(migrated.flat()).toHaveLength(3)
  expect(await columnsOf(database)).toEqual(expect.arrayContaining(['note', 'second_note']))
})

test('an index is made while others ask for their turn', async () => {
  await using database = await openTestDatabase()
  await using folder = await folderOf({ '900.do.index.concurrently.sql': ADD_INDEX })
  // Who asks in vain takes its time, as on a busy machine, so that whoever makes the index meets it asking.
  await database.query(
    `create function pg_try_advisory_xact_lock(key int) returns boolean language plpgsql as $$ begin
       return pg_catalog.pg_try_advisory_xact_lock(key) or pg_sleep(0.5) is null;
     end $$`,
  )
  await database.query(
    `do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$`,
  )

  const migrated = await Promise.all(
    [1, 2, 3].map(() => migrateDatabase(database.url, { directory: folder.path })),
  )

  expect(migrated.flat()).toEqual(['900.do.index.concurrently.sql'])
  expect(await indexesOf(database)).toContain('photos_of_format')
})

test('the tables of a Darkroom whose migrations were others are left alone', async () => {
  await using database = await openTestDatabase()
  await database.query("update darkroom_migrations set md5 = 'x' where version = 1")

  const migrated = migrateDatabase(database.url)

  await expect(migrated).rejects.toThrow(SetupError)
  await expect(migrated).rejects.toThrow('whose migrations were others')
})

test('photos of a shard and bytes of an owner are found by one index, where there were two', async () => {
  await using database = await openEmptyDatabase()
  await migrateUpTo(database.url, 22)
  const shard = shardOfOwner(owner)
  await database.query(
    `insert into shards (shard, state, generation) select shard, 'here', 1 from generate_series(0, 8191) shard`,
  )
  await writePhotos(database, { owner, shard, count: 5_000 })
  await writePhotos(database, { owner: 'bob', shard: shardOfOwner('bob' as OwnerId), count: 100 })
  await using map = new ShardMap(allShardsAt(database.url), { connections: 2 })
  const catalog = new Catalog(map)
  let isDone = false

  const migrated = migrateDatabase(database.url).finally(() => {
    isDone = true
  })
  const inserted: PhotoId[] = []
  while (!isDone) {
    inserted.push(await insertPhoto(catalog, owner))
    await catalog.photos.settled([inserted[0] as PhotoId])
  }
  await migrated

  const indexes = await indexesOf(database)
  expect(indexes).toContain('photos_in_shards')
  expect(indexes).not.toContain('photos_of_shard')
  expect(indexes).not.toContain('photos_by_bytes')
  expect(inserted.length).toBeGreaterThan(1)
  expect((await catalog.objects.ofShards([shard])).size).toBe(5_000 + inserted.length)
  const line = { run: 1, line: 1 }
  expect(await catalog.imports.findBytes(owner, PLAIN.original.sha256, line)).toMatchObject({
    id: inserted[0],
  })
})
