import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { childrenOf } from '../../chaos/processes.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { RUNTIME } from './processes/runtime.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')

/** What tells each kind of process by its command line. */
const KINDS = {
  api: / serve$/,
  worker: /workers\/main\.ts --lane live/,
  'batch worker': /workers\/main\.ts --lane batch/,
  postgres: /postgres -D/,
}
export type Kind = keyof typeof KINDS

/** `darkroom start` as a process with children, as people run it. Disposing stops it as Ctrl-C does. */
export type Darkroom = AsyncDisposable & {
  url: string
  pid: number
  /** All that it printed so far. */
  printed(): string
  /** A token for `me`, from the greeting. */
  token(): Promise<string>
  pids(kind: Kind): Promise<number[]>
  interrupt(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }>
  /** No process of it gets to do anything more. */
  killAll(): Promise<void>
}

/** Resolves when the greeting is printed. Rejects with what was printed when it ends before. */
export async function startDarkroom(
  home: string,
  env: Record<string, string> = {},
  { uid, gid }: { uid?: number; gid?: number } = {},
): Promise<Darkroom> {
  const port = env.PORT ?? String(await freePort())
  const child = spawn(process.execPath, [CLI, 'start'], {
    cwd: tmpdir(),
    env: { ...RUNTIME, DARKROOM_HOME: home, PORT: port, WORKERS: '2', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))

  const pid = child.pid as number
  const interrupt = async (signal: NodeJS.Signals = 'SIGINT') => {
    child.kill(signal)
    return await ended
  }
  const darkroom: Darkroom = {
    url: `http://127.0.0.1:${port}`,
    pid,
    printed: () => text,
    token: async () => /Bearer ([\w.-]+)/.exec(text)?.[1] ?? '',
    pids: async (kind) =>
      (await childrenOf(pid)).filter(({ command }) => KINDS[kind].test(command)).map(({ pid }) => pid),
    interrupt,
    killAll: async () => {
      const children = await childrenOf(pid)
      // Stopped first: none sees another die.
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
        for (const one of [pid, ...children.map((each) => each.pid)]) process.kill(one, signal)
      }
      await ended
    },
    [Symbol.asyncDispose]: async () => void (await interrupt()),
  }
  await Promise.race([
    vi.waitUntil(() => text.includes('Ctrl-C stops it.'), { timeout: 90_000, interval: 20 }),
    ended.then(() => Promise.reject(new Error(`darkroom start ended: ${text}`))),
  ])
  return darkroom
}
