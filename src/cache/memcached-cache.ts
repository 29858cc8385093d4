import type { Log } from '../log.ts'
import { BackOff } from './back-off.ts'
import { MemcachedConnection } from './memcached-connection.ts'
import { ATTEMPTS, KEPT_S, type SharedCache } from './shared-cache.ts'

/** On memcached, from 1.6 on, by its meta commands: https://docs.memcached.org/protocols/meta/ */
export function openMemcachedCache(address: { host: string; port: number }, log: Log): SharedCache {
  const connection = new MemcachedConnection(address)
  const backOff = new BackOff(log)
  const get = async (key: string) => (await connection.ask(`mg ${key} v`)).value

  return {
    get: async (keys) => await backOff.with(() => Promise.all(keys.map(get))),
    set: async (values) => {
      const set = ([key, value]: [string, Buffer]) =>
        connection.ask(`ms ${key} ${value.length} T${KEPT_S}`, value)
      await backOff.with(() => Promise.all([...values].map(set)))
    },
    latest: async (key) => await backOff.with(() => get(key)),
    update: async (key, change) =>
      await backOff.with(async () => {
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          const { value, flags } = await connection.ask(`mg ${key} v c`)
          const after = change(value)
          // When it is still the one that was read, or when there is still none.
          const condition =
            value === null ? 'ME' : flags.find((flag) => flag.startsWith('c'))?.replace('c', 'C')
          const { code } = await connection.ask(`ms ${key} ${after.length} ${condition}`, after)
          if (code === 'HD') return
        }
        throw new Error(`others change ${key} all the time`)
      }),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  }
}
