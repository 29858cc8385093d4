import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { SetupError } from '../errors.ts'
import type { Exit, Log, RunningProcess } from '../supervisor/keep-alive.ts'
import { stopProcess } from '../supervisor/stop-process.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { SERVER_ENV } from './cluster.ts'
import { clearPostmaster, FAST_STOP } from './postmaster.ts'

export type ServerOptions = {
  data: string
  account: Account | null
  binaries: Binaries
  port: number
  connections: number
  log: Log
}

/** It can start in a moment: the port was taken meanwhile, or a killed server's last queries still run on the cluster. */
export class NotYetError extends SetupError {}

const NOT_YET = /could not bind|shared memory block .* is still in use/

/**
 * Starts a server on the cluster and resolves when it takes connections, however long it has to recover before.
 * Throws SetupError with PostgreSQL's own words when it doesn't start.
 */
export async function startServer({
  data,
  account,
  binaries,
  port,
  connections,
  log,
}: ServerOptions): Promise<RunningProcess> {
  await clearPostmaster(data)

  const settings = [
    'listen_addresses=127.0.0.1',
    `max_connections=${connections}`,
    // Their paths may be 107 characters long at most, and a home may be anywhere.
    'unix_socket_directories=',
    'logging_collector=off',
    'log_destination=stderr',
    'log_line_prefix=',
  ]
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const child = spawn(binaries.postgres, args, {
    cwd: '/',
    env: SERVER_ENV,
    // A group of its own: Ctrl-C in a terminal must not end it before those who use it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...account,
  })
  const ready = Promise.withResolvers<'ready'>()
  const lastLines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.debug({ process: 'postgres' }, line)
    lastLines.push(line)
    if (lastLines.length > 5) lastLines.shift()
    if (line.endsWith('database system is ready to accept connections')) ready.resolve('ready')
  })
  // `close`, not `exit`: its helper processes hold stderr too, and no other server may start before the last is gone.
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }))

  const outcome = await Promise.race([ready.promise, exited])
  if (outcome !== 'ready') throw startFailure(lastLines)
  const pid = child.pid as number
  return { pid, exited, stop: async () => void (await stopProcess(pid, exited, FAST_STOP)) }
}

function startFailure(lines: readonly string[]): SetupError {
  const words = lines.join(' ')
  const message = `PostgreSQL did not start: ${words || 'it said nothing'}`
  return NOT_YET.test(words) ? new NotYetError(message) : new SetupError(message)
}
