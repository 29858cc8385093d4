import pg from 'pg'
import { expect, test } from 'vitest'
import { EPOCH_MS } from '../src/photo/photo-id.ts'
import { openTestDatabase } from './support/database.ts'

const CONNECTIONS = 8
const IDS = 200_000
const BATCH = 250

async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: async () => await client.end() })
}

/** So many ids of a shard, in the order they were made; `at` stands in for the clock. */
async function nextIds(client: pg.Client, shard: number, count: number, at?: Date): Promise<bigint[]> {
  const call = at ? `next_photo_id($1, '${at.toISOString()}')` : 'next_photo_id($1)'
  const { rows } = await client.query(`select ${call}::text as id from generate_series(1, $2)`, [
    shard,
    count,
  ])
  return rows.map(({ id }) => BigInt(id))
}

const isSorted = (ids: bigint[]) => ids.every((id, index) => index === 0 || id > (ids[index - 1] as bigint))
const msOf = (id: bigint) => Number(id >> 23n) + EPOCH_MS

test('two hundred thousand ids from 8 connections at once are unique, and sorted within each', async () => {
  await using database = await openTestDatabase()
  const shards = [0, 1403, 8191]

  const made = await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, connection) => {
      await using client = await connect(database.url)
      const ids: bigint[] = []
      for (let batch = 0; batch < IDS / CONNECTIONS / BATCH; batch++) {
        const shard = shards[(connection + batch) % shards.length] as number
        ids.push(...(await nextIds(client, shard, BATCH)))
      }
      return ids
    }),
  )

  const ids = made.flat()
  expect(ids).toHaveLength(IDS)
  expect(new Set(ids).size).toBe(IDS)
  for (const shard of shards) {
    for (const own of made)
      expect(isSorted(own.filter((id) => Number((id >> 10n) & 8191n) === shard))).toBe(true)
  }
})

test('an id carries the time it was made at and the shard it was asked for', async () => {
  await using database = await openTestDatabase()
  await using client = await connect(database.url)
  const at = new Date('2026-11-21T08:00:00.123Z')

  const [id] = (await nextIds(client, 1403, 1, at)) as [bigint]

  expect(msOf(id)).toBe(at.getTime())
  expect(Number((id >> 10n) & 8191n)).toBe(1403)
  expect(id & 1023n).toBe(0n)
})

test('a sequence that wraps goes on in the next millisecond', async () => {
  await using database = await openTestDatabase()
  await using client = await connect(database.url)
  const at = new Date('2026-11-21T08:00:00.000Z')

  const ids = await nextIds(client, 7, 3000, at)

  expect(new Set(ids).size).toBe(3000)
  expect(isSorted(ids)).toBe(true)
  expect(msOf(ids[1023] as bigint) - at.getTime()).toBe(0)
  expect(msOf(ids[1024] as bigint) - at.getTime()).toBe(1)
})

test('a clock that steps back gives neither a duplicate nor an id out of order', async () => {
  await using database = await openTestDatabase()
  await using client = await connect(database.url)

  const before = await nextIds(client, 7, 100, new Date('2026-11-21T08:00:00Z'))
  const stepped = await nextIds(client, 7, 100, new Date('2026-11-21T07:00:00Z'))
  const after = await nextIds(client, 7, 100, new Date('2026-11-21T08:00:01Z'))

  const ids = [...before, ...stepped, ...after]
  expect(new Set(ids).size).toBe(300)
  expect(isSorted(ids)).toBe(true)
  expect(msOf(after[0] as bigint)).toBe(Date.parse('2026-11-21T08:00:01Z'))
})

test('there is no id for a shard that is none', async () => {
  await using database = await openTestDatabase()
  await using client = await connect(database.url)

  await expect(nextIds(client, 8192, 1)).rejects.toThrow('shard')
  await expect(nextIds(client, -1, 1)).rejects.toThrow('shard')
})
