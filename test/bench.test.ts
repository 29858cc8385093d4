import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, '../bench/main.ts')

test.skipIf(process.platform !== 'linux')(
  'a measurement that is told to stop leaves no PostgreSQL running',
  async () => {
    const child = spawn(process.execPath, [MAIN, 'photo-ids'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const [line] = await once(createInterface(child.stderr), 'line')
    const servers = await childrenOf(child.pid as number)
    const ended = once(child, 'exit')

    child.kill('SIGTERM')
    await ended

    expect(line).toBe('photo-ids …')
    expect(servers.length).toBeGreaterThan(0)
    expect(servers.filter(isRunning)).toEqual([])
  },
)

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean).map(Number)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
