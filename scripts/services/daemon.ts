import { execFile, spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Account } from '../../src/embedded-postgres/account.ts'
import { PATH } from './service.ts'

const execute = promisify(execFile)

/**
 * Starts a program that stays in the foreground, as ourselves unless an account is given, and returns its pid. It outlives
 * us; its output goes to the log.
 */
export function startDaemon(
  program: string,
  args: readonly string[],
  logFile: string,
  account: Account | null = null,
): number {
  const log = openSync(logFile, 'a')
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH },
    detached: true,
    ...(account && { ...account, cwd: '/' }),
  })
  child.unref()
  if (child.pid === undefined) throw new Error(`${program} can't be started.`)
  return child.pid
}

/** Runs a program to its end. Throws with what it printed when it fails or takes longer than two minutes. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, args, { env: { ...process.env, PATH }, timeout: 120_000 })
  return stdout
}

/** Ends processes at once, as their data goes away too, and resolves when they are gone. */
export async function endProcesses(
  pids: readonly number[],
  marker: string,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  for (const pid of pids) if (isOurs(pid, marker)) process.kill(pid, signal)
  while (pids.some((pid) => isOurs(pid, marker))) await sleep(20)
}

/** Its input ends with us, however we end. What it ends it finds as `isOurs` does; it is no such process itself. */
const BURIAL = `
  read -r _
  for process in /proc/[0-9]*; do
    grep -qsaF "$FOLDER" "$process/cmdline" && kill -9 "\${process#/proc/}"
  done
  rm -rf "$FOLDER"`

/**
 * When this process dies without having disposed it, be it by SIGKILL, whatever has the folder in its command line is ended,
 * and the folder removed.
 */
export function buryWithUs(folder: string): Disposable {
  const undertaker = spawn('/bin/sh', ['-c', BURIAL], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, PATH, FOLDER: folder },
    // A terminal that closes ends us, and not it.
    detached: true,
  })
  undertaker.unref()
  const { stdin } = undertaker
  if ('unref' in stdin) (stdin as Socket).unref()
  return {
    [Symbol.dispose]: () => {
      undertaker.kill('SIGKILL')
      stdin.destroy()
    },
  }
}

/** A pid may be another program's by now; ours has its folder in its command line. Linux only, as the packages are. */
export function isOurs(pid: number, marker: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(marker)
  } catch {
    return false
  }
}
