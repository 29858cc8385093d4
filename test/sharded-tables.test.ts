import { expect, test } from 'vitest'
import {
  FIRST_SHARD_TABLES,
  OWN_TABLES,
  RUN_TABLES,
  SHARD_TABLES,
  SHARDED_ROOTS,
} from '../src/catalog/tables/sharded-tables.ts'
import { openTestDatabase, type TestDatabase } from './support/database.ts'

/** A root and those that go with it. */
const familyOf = ({ table, with: others }: (typeof SHARDED_ROOTS)[number]) => [
  table,
  ...others.map((other) => other.table),
]
const SHARDED = SHARDED_ROOTS.flatMap(familyOf)
const [OF_PHOTOS = []] = SHARDED_ROOTS.map(familyOf)

async function textsOf(database: TestDatabase, statement: string): Promise<string[]> {
  return ((await database.query(statement)) as { text: string }[]).map(({ text }) => text)
}

/** Tables of which nobody has said where their rows live. */
async function undeclared(database: TestDatabase): Promise<string[]> {
  const declared: string[] = [
    ...SHARDED,
    ...RUN_TABLES,
    ...FIRST_SHARD_TABLES,
    ...SHARD_TABLES,
    ...OWN_TABLES,
  ]
  const tables = await textsOf(
    database,
    `select relname as text from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`,
  )
  return tables.filter((table) => !declared.includes(table))
}

/** What tables have besides their rows: each statement in which no writer holds its shard. */
async function unguarded(database: TestDatabase, tables: readonly string[]): Promise<string[]> {
  // Bits of tgtype: before 2, insert 4, delete 8, update 16.
  const guarded = await textsOf(
    database,
    `select tgrelid::regclass::text as text from pg_trigger
     where tgname = 'hold_shard' and tgenabled = 'O' and tgtype & 30 = 30`,
  )
  return tables.filter((table) => !guarded.includes(table))
}

/** Tables whose rows would stay behind when those of the first go. */
async function leftBehind(database: TestDatabase, [first, ...others]: readonly string[]): Promise<string[]> {
  const going = await textsOf(
    database,
    `with recursive going(oid) as (
       select '${first}'::regclass::oid
       union
       select c.conrelid from pg_constraint c join going on c.confrelid = going.oid
       where c.contype = 'f' and c.confdeltype = 'c'
     )
     select oid::regclass::text as text from going`,
  )
  return others.filter((table) => !going.includes(table))
}

test('of every table it is declared where its rows live', async () => {
  await using database = await openTestDatabase()

  const before = await undeclared(database)
  await database.query('create table likes (photo_id bigint not null references photos)')

  expect(before).toEqual([])
  expect(await undeclared(database)).toEqual(['likes'])
})

test('every table of photos and of runs makes its writers hold their shard', async () => {
  await using database = await openTestDatabase()

  const before = await unguarded(database, [...SHARDED, ...RUN_TABLES, ...FIRST_SHARD_TABLES])
  await database.query('alter table earlier_renditions disable trigger hold_shard')

  expect(before).toEqual([])
  expect(await unguarded(database, SHARDED)).toEqual(['earlier_renditions'])
})

test('the rows of every such table go with their photo or run', async () => {
  await using database = await openTestDatabase()

  const before = [...(await leftBehind(database, OF_PHOTOS)), ...(await leftBehind(database, RUN_TABLES))]
  await database.query('alter table earlier_renditions drop constraint earlier_renditions_photo_id_fkey')

  expect(before).toEqual([])
  expect(await leftBehind(database, OF_PHOTOS)).toEqual(['earlier_renditions'])
})

test('the columns that name the ids are there, and an index leads from shards to the rows of each root', async () => {
  await using database = await openTestDatabase()

  for (const { table, id, number, with: others } of SHARDED_ROOTS) {
    for (const each of [{ table, id }, ...others])
      await expect(database.query(`select ${each.id}::bigint from ${each.table} limit 0`)).resolves.toEqual(
        [],
      )
    const indexes = await textsOf(
      database,
      `select indexdef as text from pg_indexes where tablename = '${table}'`,
    )
    expect(indexes.join()).toContain(`(${number.replaceAll('p.', '')}`)
  }
})
