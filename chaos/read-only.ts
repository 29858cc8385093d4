import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../src/postgres/connections.ts'
import type { Victim } from './victim.ts'

const AGAIN_MS = 200

/**
 * A PostgreSQL that refuses all writes for a while, in sessions that are there already as well: a failover, as it looks
 * from here.
 */
export function writesOf(name: string, url: () => Promise<string>): Victim {
  const set = async (statement: string): Promise<boolean> => {
    try {
      await using opened = openPool({ url: await url(), max: 1 })
      await opened.pool.query(statement)
      await opened.pool.query('select pg_reload_conf()')
      return true
    } catch {
      return false
    }
  }
  return {
    name: `writes to ${name}`,
    blows: {
      refuse: async (ms) => {
        if (!(await set('alter system set default_transaction_read_only = on'))) return false
        await sleep(ms)
        // It may have been killed, or its disk filled, meanwhile.
        while (!(await set('alter system reset default_transaction_read_only'))) await sleep(AGAIN_MS)
        return true
      },
    },
  }
}
