import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export function scriptPath(name: string): string {
  return fileURLToPath(new URL(`${name}.ts`, import.meta.url))
}

/** A script of this folder as a process of its own. `lines` is what it prints; disposing kills it. */
export type Script = AsyncDisposable & {
  child: ChildProcess
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  nextLine(): Promise<string | undefined>
}

export function runScript(name: string, args: readonly string[], options: SpawnOptions = {}): Script {
  const child = spawn(process.execPath, [scriptPath(name), ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  return {
    child,
    ended,
    nextLine: async () => (await lines.next()).value,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
