import { describe, expect, test } from 'vitest'
import { parseRedisUrl } from '../src/config/redis-url.ts'

describe('a Redis URL', () => {
  test('names one server, with everything else optional', () => {
    expect(parseRedisUrl('redis://cache')).toMatchObject({
      kind: 'single',
      hosts: [{ host: 'cache', port: 6379 }],
      isTls: false,
      username: undefined,
      db: 0,
    })
    expect(parseRedisUrl('rediss://me:p%40ss%2Fword@[::1]:7000/3')).toMatchObject({
      hosts: [{ host: '::1', port: 7000 }],
      isTls: true,
      username: 'me',
      password: 'p@ss/word',
      db: 3,
    })
    expect(parseRedisUrl('redis://:secret@cache:1')).toMatchObject({
      username: undefined,
      password: 'secret',
    })
  })

  test('names some servers of a cluster', () => {
    expect(parseRedisUrl('rediss-cluster://:secret@a:1,b,c:3')).toMatchObject({
      kind: 'cluster',
      isTls: true,
      password: 'secret',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
        { host: 'c', port: 3 },
      ],
    })
  })

  test('names sentinels, and the server they watch', () => {
    expect(parseRedisUrl('redis-sentinel://:secret@a,b:2/mymaster?db=4&sentinelPassword=x')).toMatchObject({
      kind: 'sentinel',
      masterName: 'mymaster',
      password: 'secret',
      sentinelPassword: 'x',
      db: 4,
      hosts: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 2 },
      ],
    })
  })

  test.each([
    'http://cache',
    'redis://',
    'redis://a,b',
    'redis://a:port',
    'redis://a/one',
    'redis-cluster://a,,b',
    'redis-cluster://a,b/1',
    'redis-sentinel://a,b',
    'redis-sentinel://a,b/m?db=x',
  ])('is not %s', (text) => {
    expect(parseRedisUrl(text)).toBeNull()
  })
})
