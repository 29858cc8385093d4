import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { RUNTIME } from './processes/runtime.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')

export type Ran = { code: number; stdout: string; stderr: string }

/** Runs `darkroom …` as a process of its own, with only that environment, in an empty folder unless one is given. */
export async function runDarkroom(
  args: readonly string[],
  env: Record<string, string>,
  cwd?: string,
): Promise<Ran> {
  await using empty = await mkdtempDisposable(join(tmpdir(), 'darkroom-run-'))
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: cwd ?? empty.path,
    env: { ...RUNTIME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return await outcomeOf(child)
}

/** What a process printed, and its exit code, when it has ended. */
export async function outcomeOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ran> {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}
