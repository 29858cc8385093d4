import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { memcached, startMemcached } from '../../scripts/services/memcached.ts'
import { startRedis } from '../../scripts/services/redis.ts'
import { isInstalled } from '../../scripts/services/service.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import type { Random } from '../random.ts'
import type { Victim } from '../victim.ts'
import { createDaemons } from './daemons.ts'

/** What servers share of what they remember; a Redis that has nothing else to do, and forgets all when it is killed. */
const KINDS = [
  {
    name: 'memcached',
    program: 'memcached',
    start: startMemcached,
    empty: 'flush_all\r\n',
  },
  {
    name: 'redis',
    program: 'redis-server',
    start: async (folder: string, port: number) => await startRedis(folder, port, ['--save', '']),
    empty: 'FLUSHALL\r\n',
  },
] as const

const ANSWER_MS = 5_000

/** Disposing ends it. `remark` says which it is. */
export type Cache = AsyncDisposable & {
  env: Record<string, string>
  victims: readonly Victim[]
  remark: string
}

/** One of the kinds that are installed, or none, as the seed has it. */
export async function openCache(folder: string, random: Random): Promise<Cache> {
  const kind = random.pick([...KINDS, ...KINDS, null])
  if (kind === null || (kind.name === 'memcached' && !isInstalled(memcached)))
    return { env: {}, victims: [], remark: 'no cache', [Symbol.asyncDispose]: async () => {} }

  await mkdir(folder)
  const daemons = createDaemons(folder)
  const port = await freePort()
  daemons.adopt(await kind.start(folder, port))
  const daemon = daemons.victim('the cache', kind.program)
  return {
    env: { CACHE_URL: `${kind.name}://127.0.0.1:${port}` },
    victims: [{ ...daemon, blows: { ...daemon.blows, empty: async () => await tell(port, kind.empty) } }],
    remark: `a cache in ${kind.name}`,
    [Symbol.asyncDispose]: async () => await daemons[Symbol.asyncDispose](),
  }
}

/** One line; both answer with one. False when it does not. */
async function tell(port: number, line: string): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.end(line)
    await once(socket, 'data', { signal: AbortSignal.timeout(ANSWER_MS) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
