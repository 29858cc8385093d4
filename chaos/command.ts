import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processVictim, type Victim } from './victim.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')

/** What `darkroom` is started with, and where it writes. */
export type Shell = { env: Record<string, string>; logFile: string }

/** An operator's commands, one at a time. Disposing kills the one that runs. */
export type Command = AsyncDisposable & {
  /** Resolves with the exit code; null when it was killed, or none may be started any more. */
  run(args: readonly string[]): Promise<number | null>
  readonly isRunning: boolean
  kill(): void
  /** Hits the one that runs. */
  victim: Victim
}

export function openCommand(name: string, { env, logFile }: Shell): Command {
  const output = openSync(logFile, 'a')
  const ending = new AbortController()
  let running: { pid: number | undefined; kill(): void; exited: Promise<number | null> } | null = null
  const run = async (args: readonly string[]): Promise<number | null> => {
    if (ending.signal.aborted) return null
    const stdio = ['ignore', output, output] as const
    const child = spawn(process.execPath, [CLI, ...args], { cwd: tmpdir(), env, stdio: [...stdio] })
    child.on('error', () => {})
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
    running = { pid: child.pid, kill: () => void child.kill('SIGKILL'), exited }
    const code = await exited
    running = null
    return code
  }
  return {
    run,
    get isRunning() {
      return running !== null
    },
    kill: () => running?.kill(),
    victim: processVictim({ name, pids: async () => (running?.pid === undefined ? [] : [running.pid]) }),
    [Symbol.asyncDispose]: async () => {
      ending.abort()
      running?.kill()
      await running?.exited
    },
  }
}
