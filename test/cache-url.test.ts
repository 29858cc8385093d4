import { describe, expect, test, vi } from 'vitest'
import { Database } from '../src/catalog/database/database.ts'
import { loadConfig } from '../src/config/config.ts'
import { examineCache } from '../src/doctor/engines.ts'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { openTestMemcached, testWithMemcached } from './support/memcached.ts'
import { remove, uploadReady } from './support/photo-client.ts'
import { openTestRedis, testWithRedis } from './support/redis.ts'
import { silentLog, startService } from './support/service.ts'
import { authorization } from './support/uploads.ts'

const PATIENCE = { interval: 100 }

describe('CACHE_URL', () => {
  test.each([
    ['memcached://cache', { kind: 'memcached', host: 'cache', port: 11_211 }],
    ['memcached://[::1]:11212/', { kind: 'memcached', host: '::1', port: 11_212 }],
    ['rediss://:secret@cache/1', { kind: 'redis', address: { kind: 'single', isTls: true, db: 1 } }],
  ])('may be %s', (CACHE_URL, cache) => {
    expect(loadConfig({ CACHE_URL }).cache).toMatchObject(cache)
  })

  test.each([
    'memcached://',
    'memcached://a,b',
    'memcached://u:p@cache',
    'memcached://cache/0',
    'cache:11211',
  ])('may not be %s', (CACHE_URL) => {
    expect(() => loadConfig({ CACHE_URL })).toThrow('CACHE_URL must be one of')
  })
})

describe('darkroom doctor', () => {
  const examine = async (CACHE_URL: string) => await examineCache(loadConfig({ CACHE_URL }), silentLog)

  testWithMemcached('writes to memcached, and reads from it', async () => {
    await using server = await openTestMemcached()

    expect(await examine(server.url)).toBe('what was written to it was read')
  })

  testWithRedis('writes to Redis, and says so when it is a replica', async () => {
    await using server = await openTestRedis()

    expect(await examine(server.url)).toBe('what was written to it was read')
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await expect(examine(server.url)).rejects.toThrow('The cache is unavailable')
  })

  test('says when nothing answers, and what it means that there is none', async () => {
    const url = `memcached://127.0.0.1:${await freePort()}`

    await expect(examine(url)).rejects.toThrow('The cache is unavailable')
    expect(await examine('')).toContain('none')
  })
})

testWithMemcached(
  'a feed that the client has costs no statement while nothing changes, and another one comes when something does',
  async () => {
    await using server = await openTestMemcached()
    await using service = await startService({ CACHE_URL: server.url })
    await using _work = service.work()
    const kept = await uploadReady(service, {}, 'dora')
    const gone = await uploadReady(service, {}, 'dora')
    const headers: Record<string, string> = await authorization(service, 'vito')
    await fetch(`${service.url}/v1/following/dora`, { method: 'PUT', headers })
    const ask = async () => await fetch(`${service.url}/v1/feed`, { headers })
    const first = await ask()
    expect(await first.json()).toMatchObject({ photos: [{ id: gone.id }, { id: kept.id }] })
    headers['if-none-match'] = first.headers.get('etag') as string

    using asked = vi.spyOn(Database.prototype, 'query')
    const byFeeds = () =>
      asked.mock.calls.filter(([statement]) => / heads| following|photos p/.test(statement))
    const isAtHand = async () => {
      asked.mockClear()
      expect((await ask()).status).toBe(304)
      return byFeeds().length === 0
    }
    await expect.poll(isAtHand, PATIENCE).toBe(true)

    await remove(service, gone.id, 'dora')
    const later = await ask()
    expect([later.status, await later.json()]).toMatchObject([200, { photos: [{ id: kept.id }] }])
  },
)
