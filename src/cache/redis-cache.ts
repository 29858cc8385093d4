import type { RedisAddress } from '../config/redis-url.ts'
import type { Log } from '../log.ts'
import { connect, firstAttempt } from '../redis/connection.ts'
import { BackOff } from './back-off.ts'
import { ATTEMPTS, KEPT_S, type SharedCache } from './shared-cache.ts'

const REPLACE = `
local there = redis.call('GET', KEYS[1]) or ''
if there ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`

/** On Redis or Valkey, from 6.2 on. */
export function openRedisCache(address: RedisAddress, log: Log): SharedCache {
  const { client } = connect(address, 'brief', log)
  const tried = firstAttempt(client)
  const backOff = new BackOff(log)
  const ask = async <Answer>(question: () => Promise<Answer>) => {
    await tried
    return await backOff.with(question)
  }
  const get = async (key: string) => await client.getBuffer(key)
  // A command that writes, which replicas refuse: one that is behind, or was the primary until now, tells nobody what was.
  const latest = async (key: string) => await client.getexBuffer(key, 'PERSIST')

  return {
    // One by one, as the nodes of a cluster have some each.
    get: async (keys) => await ask(() => Promise.all(keys.map(get))),
    set: async (values) => {
      const set = ([key, value]: [string, Buffer]) => client.set(key, value, 'EX', KEPT_S)
      await ask(() => Promise.all([...values].map(set)))
    },
    latest: async (key) => await ask(() => latest(key)),
    update: async (key, change) =>
      await ask(async () => {
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          const before = await latest(key)
          if (await client.eval(REPLACE, 1, key, before ?? '', change(before))) return
        }
        throw new Error(`others change ${key} all the time`)
      }),
    [Symbol.dispose]: () => client.disconnect(),
  }
}
