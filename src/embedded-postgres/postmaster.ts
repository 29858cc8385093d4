import { execFile } from 'node:child_process'
import { open, readFile, readlink, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type StopStep, stopProcess } from '../supervisor/stop-process.ts'

/** The server that runs on a cluster now, whoever started it. */
export type Postmaster = { pid: number; port: number }

/** SIGINT ends sessions and writes a checkpoint; SIGQUIT leaves the work to the next start's recovery. */
export const FAST_STOP: readonly StopStep[] = [
  { signal: 'SIGINT', waitMs: 10_000 },
  { signal: 'SIGQUIT', waitMs: 6_000 },
]

/** No process ever has it, on any system. */
const NO_PROCESS = 2_147_483_647

/** Reads the cluster's postmaster.pid, and believes it only when that process really is this cluster's server. */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const [pid, , , port] = await readPidFile(data)
  return (await serves(Number(pid), data)) ? { pid: Number(pid), port: Number(port) } : null
}

/**
 * Clears the way for a server of our own; to be called with the lock held. A server that runs without an owner
 * was left behind by one that was killed: it is stopped. Where a crash of the machine left a pid that another
 * program has now, PostgreSQL would refuse to start: the pid is made one that nobody has.
 */
export async function clearPostmaster(data: string): Promise<void> {
  const orphan = await findPostmaster(data)
  if (orphan) await stopProcess(orphan.pid, gone(orphan.pid, data), FAST_STOP)

  const [pid, ...rest] = await readPidFile(data)
  if (!pid || !isAlive(Math.abs(Number(pid)))) return
  await replacePid(join(data, 'postmaster.pid'), rest)
}

/** Not deleted: the rest of the file tells PostgreSQL which shared memory must be free of older processes. */
async function replacePid(file: string, rest: readonly string[]): Promise<void> {
  const { uid, gid } = await stat(file)
  await rm(`${file}.new`, { force: true })
  {
    await using replaced = await open(`${file}.new`, 'wx', 0o600)
    await replaced.chown(uid, gid)
    await replaced.writeFile([NO_PROCESS, ...rest].join('\n'))
    await replaced.sync()
  }
  await rename(`${file}.new`, file)
}

/** Lines: pid, data directory, start time, port, and more that only PostgreSQL reads. */
async function readPidFile(data: string): Promise<string[]> {
  try {
    return (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** A server's working directory is its cluster. Where there is no /proc, its command line names it. */
async function serves(pid: number, data: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return false
  try {
    if (process.platform !== 'linux') {
      const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
      return stdout.includes(`postgres -D ${data} `)
    }
    const [program = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    return basename(program) === 'postgres' && (await readlink(`/proc/${pid}/cwd`)) === data
  } catch {
    // Gone meanwhile, or somebody else's: then it is not this cluster's.
    return false
  }
}

/** Its pid file goes a moment before the process does. */
async function gone(pid: number, data: string): Promise<void> {
  while (await serves(pid, data)) await sleep(20)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
