import { once } from 'node:events'
import pg from 'pg'
import { expect, test } from 'vitest'
import { Replicas } from '../src/catalog/replicas.ts'
import { ShardMap } from '../src/catalog/shards/shard-map.ts'
import { allShardsAt } from '../src/config/shard-ranges.ts'
import { openTestDatabase } from './support/database.ts'

const PATIENCE = { interval: 50 }

type Protocol = { query(text: string): void; sendCopyFromChunk(chunk: Buffer): void }

/** Streams as a replica does, and says of all that it has replayed nothing beyond a place. */
async function startReplica(url: string, name: string): Promise<AsyncDisposable & { say(at: string): void }> {
  const client = new pg.Client({
    connectionString: url,
    replication: 'true',
    application_name: name,
  } as pg.ClientConfig)
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query('IDENTIFY_SYSTEM')
  const { connection } = client as unknown as { connection: Protocol & NodeJS.EventEmitter }
  connection.query(`START_REPLICATION PHYSICAL ${rows[0].xlogpos}`)
  await once(connection, 'replicationStart')
  return {
    say: (at) => {
      const [high = '0', low = '0'] = at.split('/')
      const place = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
      const told = Buffer.alloc(34)
      told.write('r')
      for (const offset of [1, 9, 17]) told.writeBigUInt64BE(place, offset)
      connection.sendCopyFromChunk(told)
    },
    [Symbol.asyncDispose]: async () => {
      ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    },
  }
}

test('a replica that replays nothing is told of, with how far it is behind; without one there is nothing to tell', async () => {
  await using database = await openTestDatabase()
  await using map = new ShardMap(allShardsAt(database.url), { connections: 1 })
  const replicas = new Replicas(map)
  const name = `replica of ${database.url.split('/').at(-1)}`
  const own = async () => (await replicas.lags()).find((each) => each.name === name.slice(0, 63))
  const before = await own()
  const [{ at }] = (await database.query('select pg_current_wal_lsn()::text as at')) as [{ at: string }]

  await using replica = await startReplica(database.url, name)
  await database.query('create table written as select generate_series(1, 20000) n')
  replica.say(at)

  expect(before).toBeUndefined()
  await expect
    .poll(async () => {
      replica.say(at)
      return (await own())?.bytes ?? 0
    }, PATIENCE)
    .toBeGreaterThan(500_000)
})
