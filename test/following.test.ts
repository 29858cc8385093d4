import { expect, test, vi } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { type Follows, MOST_FOLLOWED } from '../src/catalog/feeds/follows.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { migrateCatalog } from '../src/catalog/tables/migrate.ts'
import type { ShardRange } from '../src/config/shard-ranges.ts'
import { type OwnerId, shardOfOwner } from '../src/photo/shard.ts'
import { untoldFollows } from '../src/sweep/untold-follows.ts'
import { openDatabaseWithoutShards, type TestDatabase } from './support/database.ts'
import { get } from './support/photo-client.ts'
import { silentLog, startService, type TestService } from './support/service.ts'
import { ownersOf } from './support/shard-traffic.ts'
import { authorization } from './support/uploads.ts'

async function send(service: TestService, method: string, path: string, body?: unknown, viewer = 'alice') {
  return await fetch(`${service.url}/v1/following${path}`, {
    method,
    headers: {
      ...(await authorization(service, viewer)),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}
const followed = async (service: TestService, viewer = 'alice') =>
  (await (await get(service, '/v1/following', viewer)).json()) as { owners: string[] }
const manyOwners = (count: number) => Array.from({ length: count }, (_, n) => `owner-${n}` as OwnerId)

test('a viewer follows, unfollows, and sets all of it at once; again changes nothing', async () => {
  await using service = await startService()
  const followersOf = async (owner: string) =>
    await service.catalog.follows.followersOf(owner as OwnerId, null, 10)

  expect(await followed(service)).toEqual({ owners: [] })
  for (const owner of ['bob', 'carol', 'bob', 'auth0%7Ceve'])
    expect((await send(service, 'PUT', `/${owner}`)).status).toBe(204)
  expect(await followed(service)).toEqual({ owners: ['bob', 'carol', 'auth0|eve'] })
  for (let time = 0; time < 2; time++) expect((await send(service, 'DELETE', '/carol')).status).toBe(204)
  expect(await followed(service)).toEqual({ owners: ['bob', 'auth0|eve'] })
  expect([await followersOf('bob'), await followersOf('carol')]).toEqual([['alice'], []])

  for (let time = 0; time < 2; time++) {
    const reply = await send(service, 'PUT', '', { owners: ['dave', 'bob', 'dave'] })
    expect([reply.status, await reply.json()]).toEqual([200, { owners: ['dave', 'bob'] }])
  }
  expect(await followed(service)).toEqual({ owners: ['dave', 'bob'] })
  expect(await followed(service, 'bob')).toEqual({ owners: [] })
  for (const [owner, followers] of Object.entries({ bob: ['alice'], dave: ['alice'], 'auth0|eve': [] }))
    expect(await followersOf(owner)).toEqual(followers)
  expect(await service.database.query('select from follow_changes')).toEqual([])
})

test('whom a viewer follows has an entity tag', async () => {
  await using service = await startService()
  await send(service, 'PUT', '/bob')
  const etag = (await get(service, '/v1/following')).headers.get('etag') as string
  const again = async () =>
    await fetch(`${service.url}/v1/following`, {
      headers: { ...(await authorization(service)), 'if-none-match': etag },
    })

  expect((await again()).status).toBe(304)
  await send(service, 'PUT', '/carol')
  expect((await again()).status).toBe(200)
})

test(`${MOST_FOLLOWED} owners may be followed, and one more is refused in words`, async () => {
  await using service = await startService()
  const most = manyOwners(MOST_FOLLOWED - 1)
  await service.database.query(`
    set darkroom.moves_shards = 'yes';
    insert into following (viewer, id, owners, version)
    values ('alice', named_id(${shardOfOwner('alice' as OwnerId)}, 'alice'), '{${most}}', 1)`)

  const statuses: number[] = []
  for (const owner of ['the-last', 'owner-7', 'one-more'])
    statuses.push((await send(service, 'PUT', `/${owner}`)).status)
  const more = await send(service, 'PUT', '/one-more')
  const whole = await send(service, 'PUT', '', { owners: [...most, 'the-last', 'one-more'] })

  expect(statuses).toEqual([204, 204, 409])
  expect(await more.json()).toMatchObject({ code: 'too_many_followed' })
  expect([whole.status, await whole.json()]).toMatchObject([
    400,
    { code: 'invalid_field', detail: expect.stringContaining('5000') },
  ])
  expect((await followed(service)).owners).toEqual([...most, 'the-last'])
})

type Towns = AsyncDisposable & { databases: TestDatabase[]; ranges: ShardRange[]; catalog: Catalog }

async function openTowns(): Promise<Towns> {
  await using opened = new AsyncDisposableStack()
  const databases = [
    opened.use(await openDatabaseWithoutShards()),
    opened.use(await openDatabaseWithoutShards()),
  ]
  const ranges = databases.map(({ url }, n) => ({ from: n * 4096, to: n * 4096 + 4095, url }))
  await migrateCatalog(ranges)
  const catalog = new Catalog(opened.use(new ShardMap(ranges, { connections: 4 })))
  const owned = opened.move()
  return { databases, ranges, catalog, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

async function texts(database: TestDatabase, statement: string): Promise<string[]> {
  return ((await database.query(statement)) as { text: string }[]).map(({ text }) => text)
}

/** All that is written down of who follows whom: pairs that viewers have, pairs that owners have, and how many are to be told. */
async function graphOf({
  databases,
}: Towns): Promise<{ following: string[]; followers: string[]; untold: number }> {
  const all = async (statement: string) =>
    (await Promise.all(databases.map(async (each) => await texts(each, statement)))).flat().toSorted()
  return {
    following: await all(`select viewer || ' ' || unnest(owners) as text from following`),
    followers: await all(`select viewer || ' ' || owner as text from followers where not is_gone`),
    untold: (await all(`select viewer || ' ' || owner as text from follow_changes`)).length,
  }
}

async function lap(catalog: Catalog, laterMs: number): Promise<void> {
  using _later = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + laterMs)
  const part = { cursor: null } as Parameters<typeof untoldFollows.work>[1]
  const engines = { catalog } as Parameters<typeof untoldFollows.work>[0]
  for await (const _step of untoldFollows.work(engines, part, silentLog));
}

test('what a server that died did not tell owners is told by the next lap, of several databases, however much it is', async () => {
  await using towns = await openTowns()
  const { follows } = towns.catalog
  const [viewer, other] = ['alice', 'zoe'] as [OwnerId, OwnerId]
  await follows.set(viewer, manyOwners(1_200))
  await follows.add(other, 'owner-3' as OwnerId)
  await follows.tell(other)
  await follows.remove(other, 'owner-3' as OwnerId)
  expect(await graphOf(towns)).toMatchObject({ followers: ['zoe owner-3'], untold: 1_201 })

  await lap(towns.catalog, 0)
  expect((await graphOf(towns)).untold).toBe(1_201)
  await lap(towns.catalog, 60_000)

  const { following, followers, untold } = await graphOf(towns)
  expect(followers).toEqual(following)
  expect([followers.length, untold]).toEqual([1_200, 0])
  await lap(towns.catalog, 2 * 3_600_000)
  for (const { query } of towns.databases)
    expect(await query('select from followers where is_gone')).toEqual([])
})

test('a change that is told late undoes no later one', async () => {
  await using towns = await openTowns()
  const { follows } = towns.catalog
  const [alice, bob] = ['alice', 'bob'] as [OwnerId, OwnerId]
  await follows.add(alice, bob)
  const has = (person: OwnerId) => towns.databases[shardOfOwner(person) < 4096 ? 0 : 1] as TestDatabase
  const [row] = await texts(has(alice), 'select number::text as text from follow_changes')
  await follows.remove(alice, bob)
  await follows.tell(alice)

  // What the server that was told of the first change would write now.
  await has(alice).query(`
    set darkroom.moves_shards = 'yes';
    insert into follow_changes (viewer, owner, id, number, is_followed) values ('alice', 'bob', named_id(${shardOfOwner(alice)}, 'alice bob'), ${row}, true)`)
  await follows.tell(alice)

  expect(await follows.followersOf(bob, null, 10)).toEqual([])
})

test('viewers who change their minds at once through two servers, and shards on the move, leave a whole graph', async () => {
  await using towns = await openTowns()
  const { ranges, databases } = towns
  await using second = new ShardMap(ranges, { connections: 4 })
  const rooms = [towns.catalog.follows, new Catalog(second).follows]
  const range = { from: 1_000, to: 1_100 }
  const people = [...ownersOf(range, 3), ...ownersOf({ from: 5_000, to: 5_100 }, 3)]
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const pick = () => people[random(people.length)] as OwnerId
  const changeMinds = async (room: Follows) => {
    for (let change = 0; change < 60; change++) {
      const viewer = pick()
      if (random(4) === 0)
        await room.set(
          viewer,
          people.filter(() => random(2) === 0),
        )
      else if (random(2) === 0) await room.add(viewer, pick())
      else await room.remove(viewer, pick())
      if (random(3) > 0) await room.tell(viewer)
    }
  }

  await Promise.all([
    ...[...rooms, ...rooms].map(changeMinds),
    moveShards(ranges, range, databases[1]?.url as string),
  ])
  await lap(towns.catalog, 60_000)

  const { following, followers, untold } = await graphOf(towns)
  expect(followers).toEqual(following)
  expect([following.length > 3, untold]).toEqual([true, 0])
})
