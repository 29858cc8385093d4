import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buryWithUs, endProcesses } from '../../scripts/services/daemon.ts'
import { memcached, startMemcached } from '../../scripts/services/memcached.ts'
import { isInstalled } from '../../scripts/services/service.ts'
import { MemcachedConnection } from '../../src/cache/memcached-connection.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { needs } from './needs.ts'

export const testWithMemcached = needs(
  'memcached',
  isInstalled(memcached),
  'npm run services -- install memcached',
)

export type TestMemcached = AsyncDisposable & {
  url: string
  pid: number
  /** Sends a command of one line, and resolves with what is answered, up to that line. */
  command(line: string, last: string): Promise<string>
  /** Puts other bytes in the place of each value. */
  replaceAll(change: (value: Buffer) => Buffer): Promise<void>
}

/** A memcached of the test's own on a free port. */
export async function openTestMemcached(): Promise<TestMemcached> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-memcached-'))
  const burial = buryWithUs(folder)
  const port = await freePort()
  const pid = await startMemcached(folder, port)
  const command = async (line: string, last: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`${line}\r\n`)
    let answer = ''
    for await (const bytes of socket) {
      answer += bytes
      if (answer.endsWith(`${last}\r\n`)) break
    }
    return answer
  }
  return {
    url: `memcached://127.0.0.1:${port}`,
    pid,
    command,
    replaceAll: async (change) => {
      using connection = new MemcachedConnection({ host: '127.0.0.1', port })
      const dump = await command('lru_crawler metadump all', 'END')
      for (const [, key = ''] of dump.matchAll(/^key=(\S+)/gm)) {
        const { value } = await connection.ask(`mg ${decodeURIComponent(key)} v`)
        const changed = change(value ?? Buffer.alloc(0))
        await connection.ask(`ms ${decodeURIComponent(key)} ${changed.length}`, changed)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await endProcesses([pid], folder)
      await rm(folder, { recursive: true, force: true })
      burial[Symbol.dispose]()
    },
  }
}
