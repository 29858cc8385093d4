import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Catalog } from '../src/catalog/catalog.ts'
import { moveShards } from '../src/catalog/moves/move-shards.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { identityTable, tableOf } from '../src/photo/look/color-table.ts'
import { toCube } from '../src/photo/look/cube.ts'
import type { FilterName } from '../src/photo/look/filter.ts'
import { filterDigest } from '../src/photo/look/filter-digest.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { openDatabaseWithoutShards, openTestDatabase } from './support/database.ts'
import { get, uploadReady } from './support/photo-client.ts'
import { sign } from './support/token.ts'
import { startTwoServers } from './support/two-servers.ts'
import { authorization } from './support/uploads.ts'

type Listed = { name: string; title: string; isKept: boolean; cube: string }

const RED = tableOf(2, () => [1, 0, 0])
const BLUE = tableOf(2, () => [0, 0, 1])

let servers: Awaited<ReturnType<typeof startTwoServers>>
let worker: AsyncDisposable
let operator: string
beforeAll(async () => {
  servers = await startTwoServers()
  worker = servers.one.work()
  const secret = await openTokenSecret(servers.one.config.home)
  operator = await sign({ sub: 'olga', role: 'operator' }, { secret })
})
afterAll(async () => {
  await worker[Symbol.asyncDispose]()
  await servers[Symbol.asyncDispose]()
})

async function keep(name: string, cube: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${servers.one.url}/v1/filters/${name}`, {
    method: 'PUT',
    headers: { authorization: operator, 'content-type': 'text/plain', ...headers },
    body: cube,
  })
}

async function remove(name: string): Promise<Response> {
  return await fetch(`${servers.one.url}/v1/filters/${name}`, {
    method: 'DELETE',
    headers: { authorization: operator },
  })
}

async function listedAt(server: { url: string }, name: string): Promise<Listed | undefined> {
  const { filters } = (await (await fetch(`${server.url}/v1/filters`)).json()) as { filters: Listed[] }
  return filters.find((filter) => filter.name === name)
}

async function changeLook(server: typeof servers.other, id: string, filter: string): Promise<Response> {
  return await fetch(`${server.url}/v1/photos/${id}/filter`, {
    method: 'PUT',
    headers: {
      ...(await authorization(server)),
      'content-type': 'application/json',
      prefer: 'wait=30',
    },
    body: JSON.stringify({ filter }),
  })
}

const digestsOf = ({ renditions }: PhotoReply) =>
  renditions.map(({ url }) => /-([0-9a-f]{8})\.\w+\?/.exec(url)?.[1])

describe('a look that an operator keeps', () => {
  test('is known to every server at once, and to workers, and its table is there to be previewed', async () => {
    const reply = await keep('plain-red', toCube(RED, 'Plain red'))
    expect(reply.status).toBe(201)
    expect(await reply.json()).toMatchObject({ name: 'plain-red', title: 'Plain red', isKept: true })

    const { id } = await uploadReady(servers.other, { filter: 'plain-red' })

    expect(await (await get(servers.other, `/v1/photos/${id}`)).json()).toMatchObject({
      filter: 'plain-red',
      color: '#ff0000',
    })
    for (const server of [servers.one, servers.other]) {
      await expect.poll(async () => await listedAt(server, 'plain-red')).toMatchObject({ isKept: true })
      const { cube = '' } = (await listedAt(server, 'plain-red')) ?? {}
      expect(cube).toContain(filterDigest(RED))
      expect(await (await fetch(server.url + cube)).text()).toBe(toCube(RED, 'Plain red'))
    }
    expect(await listedAt(servers.one, 'mono')).toMatchObject({ isKept: false })
  })

  test('with another table makes other keys, whichever server is asked', async () => {
    await keep('changes', toCube(RED, 'Changes'))
    const { id } = await uploadReady(servers.other)
    const red = (await (await changeLook(servers.other, id, 'changes')).json()) as PhotoReply
    const etag = (await fetch(`${servers.one.url}/v1/filters`)).headers.get('etag')

    expect((await keep('changes', toCube(BLUE, 'Changes'))).status).toBe(200)
    await changeLook(servers.other, id, 'mono')
    const blue = (await (await changeLook(servers.other, id, 'changes')).json()) as PhotoReply

    expect([red.color, blue.color]).toEqual(['#ff0000', '#0000ff'])
    expect(digestsOf(blue).filter((digest) => digestsOf(red).includes(digest))).toEqual([])
    expect((await fetch(`${servers.one.url}/v1/filters`)).headers.get('etag')).not.toBe(etag)
  })

  test('and keeps no more stays with the photos that have it, and is no look to ask for', async () => {
    await keep('passing', toCube(BLUE, 'Passing'))
    const { id } = await uploadReady(servers.other, { filter: 'passing' })

    expect((await remove('passing')).status).toBe(204)
    expect((await remove('passing')).status).toBe(404)

    const photo = (await (await get(servers.other, `/v1/photos/${id}`)).json()) as PhotoReply
    expect(photo).toMatchObject({ filter: 'passing', status: 'ready' })
    expect((await fetch(photo.renditions[0]?.url ?? '')).status).toBe(200)
    const refused = await changeLook(servers.other, id, 'passing')
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'invalid_field' }])
    await expect.poll(async () => await listedAt(servers.other, 'passing')).toBeUndefined()
  })
})

describe('an operator is told', () => {
  const codeOf = async (reply: Response) => [reply.status, ((await reply.json()) as { code: string }).code]

  test('what is wrong with a .cube, and that a look of ours is not theirs to change', async () => {
    expect(await codeOf(await keep('broken', 'LUT_3D_SIZE 2\n0 0 0\n'))).toEqual([400, 'invalid_cube'])
    expect(await codeOf(await keep('empty', ''))).toEqual([400, 'invalid_cube'])
    expect(await codeOf(await keep('mono', toCube(RED, 'Mono')))).toEqual([409, 'filter_taken'])
    expect(await codeOf(await remove('mono'))).toEqual([409, 'filter_taken'])
    expect(await codeOf(await keep('Not%20a%20name', toCube(RED, 'x')))).toEqual([400, 'invalid_field'])
    expect(await codeOf(await keep('json', '{}', { 'content-type': 'application/json' }))).toEqual([
      415,
      'unsupported_media_type',
    ])
    expect(await codeOf(await keep('large', ' '.repeat(16_000_001)))).toEqual([413, 'body_too_large'])
  })

  test('and others that this is not for them', async () => {
    const { authorization: alice } = await authorization(servers.one)

    expect(await codeOf(await keep('mine', toCube(RED, 'x'), { authorization: alice }))).toEqual([
      403,
      'operator_only',
    ])
    expect(await listedAt(servers.one, 'mine')).toBeUndefined()
  })
})

test('a table comes back from the catalog as it was kept, of any size', async () => {
  const { keptFilters } = servers.one.catalog
  for (const size of [2, 33, 65]) {
    const table = identityTable(size)
    const filter = { name: `size-${size}` as FilterName, title: 'Size', digest: filterDigest(table) }
    await keptFilters.keep({ ...filter, table, keptBy: 'olga' as OwnerId })

    expect(await keptFilters.table(filter)).toEqual(table)
    expect(await keptFilters.table({ ...filter, digest: '0' })).toBeNull()
  }
})

test('looks that are kept move with the shard that they lie beside, and are known all the time', async () => {
  await using a = await openTestDatabase()
  await using b = await openDatabaseWithoutShards()
  const ranges = allShardsAt(a.url)
  await using shards = new ShardMap(ranges, { connections: 2 })
  const { keptFilters } = new Catalog(shards)
  const filter = { name: 'moves' as FilterName, title: 'Moves', digest: filterDigest(BLUE) }
  await keptFilters.keep({ ...filter, table: BLUE, keptBy: 'olga' as OwnerId })

  await moveShards(ranges, { from: 0, to: 63 }, b.url)

  expect(await keptFilters.all()).toEqual([filter])
  expect(await keptFilters.table(filter)).toEqual(BLUE)
  expect(await a.query('select count(*)::int from kept_filters')).toEqual([{ count: 0 }])
})
