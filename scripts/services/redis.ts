import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { isOurs, run, startDaemon } from './daemon.ts'
import type { Service } from './service.ts'

const STARTS_WITHIN_MS = 60_000

/** One Redis. */
export const redis: Service = {
  name: 'redis',
  packages: ['redis-server'],
  programs: ['redis-server', 'redis-cli'],

  async start(folder, onProcess) {
    const port = await freePort()
    onProcess(await startRedis(folder, port))
    return { QUEUE_URL: `redis://127.0.0.1:${port}` }
  },
}

/**
 * Starts a server on that port, after a configuration file and options of the caller's, and resolves with its pid when
 * it answers. One that dies is started again: on a port that was in use, somebody may hold it for a moment longer.
 */
export async function startRedis(
  folder: string,
  port: number,
  options: readonly string[] = [],
): Promise<number> {
  const address = ['--port', String(port), '--bind', '127.0.0.1']
  const args = [...options, ...address, '--dir', folder, '--set-proc-title', 'no']
  const giveUpAt = Date.now() + STARTS_WITHIN_MS
  const start = () => startDaemon('redis-server', args, join(folder, `${port}.log`))
  let pid = start()
  while (!(await answers(port))) {
    if (Date.now() > giveUpAt) throw new Error(`redis-server does not answer on port ${port}.`)
    await sleep(50)
    if (!isOurs(pid, folder)) pid = start()
  }
  return pid
}

async function answers(port: number): Promise<boolean> {
  const reply = await run('redis-cli', ['-p', String(port), 'ping']).catch(() => '')
  return reply.trim() === 'PONG'
}
