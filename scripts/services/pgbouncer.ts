import { chmod, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { startDaemon } from './daemon.ts'
import type { Service } from './service.ts'

const STARTS_WITHIN_MS = 60_000

/** A PgBouncer in transaction mode before all databases of the PostgreSQL at the URL. */
export function pgbouncer(target: string): Service {
  return {
    name: 'pgbouncer',
    packages: ['pgbouncer'],
    programs: ['pgbouncer'],

    async start(folder, onProcess) {
      const port = await freePort()
      const config = join(folder, 'pgbouncer.ini')
      await writeFile(config, configuration(new URL(target), port))
      // It runs as another user when root starts it, as it refuses to be root.
      await chmod(folder, 0o711)
      const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
      onProcess(startDaemon('pgbouncer', [...user, config], join(folder, 'pgbouncer.log')))
      await untilListening(port)
      const url = new URL(target)
      url.host = `127.0.0.1:${port}`
      return { DATABASE_URL: url.href }
    },
  }
}

function configuration({ hostname, port, username, password }: URL, listenPort: number): string {
  return [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${listenPort}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 5',
    '',
  ].join('\n')
}

async function untilListening(port: number): Promise<void> {
  const giveUpAt = Date.now() + STARTS_WITHIN_MS
  while (!(await isListening(port))) {
    if (Date.now() > giveUpAt) throw new Error(`pgbouncer does not answer on port ${port}.`)
    await sleep(50)
  }
}

async function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
  const isOpen = await promise
  socket.destroy()
  return isOpen
}
