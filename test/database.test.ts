import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Database, type Queries } from '../src/catalog/database/database.ts'
import { EngineUnavailableError } from '../src/errors.ts'
import { withPostgres } from '../src/postgres/connections.ts'
import { openTestDatabase } from './support/database.ts'
import { startProxy } from './support/proxy.ts'

test('statements that wait for each other are all done in the end', async () => {
  await using opened = await openTestDatabase()
  await using database = new Database(opened.url, { connections: 2 })
  await database.query('create table counters (name text primary key, count int not null default 0)')
  await database.query("insert into counters values ('a'), ('b')")
  await database.query(
    `create function raise(first text, second text) returns void language plpgsql as $$
     begin
       update counters set count = count + 1 where name = first;
       perform pg_sleep(0.5);
       update counters set count = count + 1 where name = second;
     end $$`,
  )

  await Promise.all([database.query("select raise('a', 'b')"), database.query("select raise('b', 'a')")])

  expect(await database.query('select name, count from counters order by name')).toEqual([
    { name: 'a', count: 2 },
    { name: 'b', count: 2 },
  ])
})

test('work whose connection is lost between two statements fails, and brings nothing else down', async () => {
  await using opened = await openTestDatabase()
  await using proxy = await startProxy(opened.url)
  await using database = new Database(proxy.url, { connections: 1 })
  const work = async (statement: () => Promise<unknown>) => {
    await statement()
    await proxy.cut()
    await sleep(100)
    await statement()
  }

  const transaction = database.transaction(async ({ query }) => await work(() => query('select 1')))
  await expect(transaction).rejects.toThrow(EngineUnavailableError)
  await proxy.mend()
  const migration = withPostgres(proxy.url, async (client) => await work(() => client.query('select 1')))
  await expect(migration).rejects.toThrow(EngineUnavailableError)
})

test('a statement that was given up does not run on in the server', async () => {
  await using opened = await openTestDatabase()
  await using database = new Database(opened.url, { connections: 1, statementMs: 500 })

  await expect(database.query('select pg_sleep(600)')).rejects.toThrow(EngineUnavailableError)
  await expect(
    database.transaction(async ({ query }) => await query('select pg_sleep(600)')),
  ).rejects.toThrow(EngineUnavailableError)

  expect(await opened.query(SLEEPING)).toEqual([])
})

test('nobody waits for a server that hangs once one has, and all go on when it answers again', async () => {
  await using opened = await openTestDatabase()
  await using proxy = await startProxy(opened.url)
  await using database = new Database(proxy.url, { connections: 5 })
  await database.query('select 1')
  const stalled = proxy.stall()
  await expect(database.query('select 1')).rejects.toThrow(EngineUnavailableError)
  await stalled

  // Each would wait 5 s for a connection.
  for (let job = 0; job < 100; job++) {
    await expect(database.query('select 1')).rejects.toThrow(EngineUnavailableError)
  }
  proxy.flow()

  const answer = async () => await database.query('select 1 as one').catch(() => null)
  await expect.poll(answer).toEqual([{ one: 1 }])
})

test('whose heads and followings were changed is told when that is committed; anybody, when nobody knows whether it is', async () => {
  await using opened = await openTestDatabase()
  await using proxy = await startProxy(opened.url)
  const told: unknown[] = []
  const tell = async (_: Database, names: unknown) => void told.push(names)
  await using database = new Database(proxy.url, { connections: 1, tell })
  const follow = async (queries: Queries, viewer: string) =>
    await queries.query(
      `insert into following (viewer, id, owners, version) select $1, named_id(1, $1), '{}', 1`,
      [viewer],
    )

  await follow(database, 'vera')
  await expect(follow(database, 'vera')).rejects.toThrow('duplicate key')
  await database.read('select owners from following')
  expect(told.splice(0)).toEqual([['vera']])
  const several = database.inTurn(async (queries) => {
    await follow(queries, 'vito')
    await follow(queries, 'vera')
  })
  await expect(several).rejects.toThrow('duplicate key')
  expect(told.splice(0)).toEqual([['vito']])

  await database.query('select 1')
  proxy.loseAnswer()
  await expect(follow(database, 'vlad')).rejects.toThrow(EngineUnavailableError)

  expect(told).toEqual(['*'])
  expect(await opened.query(`select viewer from following where viewer = 'vlad'`)).toHaveLength(1)
})

const SLEEPING = `select pid from pg_stat_activity
  where datname = current_database() and state = 'active' and query like 'select pg_sleep%'`
