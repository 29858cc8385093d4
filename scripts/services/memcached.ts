import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { startDaemon } from './daemon.ts'
import type { Service } from './service.ts'

const STARTS_WITHIN_MS = 30_000

/** One memcached. */
export const memcached: Service = {
  name: 'memcached',
  packages: ['memcached'],
  programs: ['memcached'],

  async start(folder, onProcess) {
    const port = await freePort()
    onProcess(await startMemcached(folder, port))
    return { CACHE_URL: `memcached://127.0.0.1:${port}` }
  },
}

/** Starts a server on that port, and resolves with its pid when it answers. */
export async function startMemcached(folder: string, port: number): Promise<number> {
  // The file of the pid is not written, but tells whose process it is. As root it wants to be told whom to become.
  const args = ['-l', '127.0.0.1', '-p', `${port}`, '-m', '64', '-u', 'nobody', '-P', join(folder, 'pid')]
  const pid = startDaemon('memcached', args, join(folder, `${port}.log`))
  const giveUpAt = Date.now() + STARTS_WITHIN_MS
  while (!(await takesConnections(port))) {
    if (Date.now() > giveUpAt) throw new Error(`memcached does not answer on port ${port}.`)
    await sleep(20)
  }
  return pid
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
