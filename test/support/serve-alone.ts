import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { signToken } from '../../src/http/auth/sign-token.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import { RUNTIME } from './processes/runtime.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const TOKEN_SECRET = 'a secret of forty characters for tests..'

/** `darkroom serve` as a process of its own, without workers; `output` takes its log. Disposing stops it. */
export async function serveAlone(
  home: string,
  databaseUrl: string,
  env: Record<string, string> = {},
  output: number | 'inherit' = 'inherit',
) {
  const port = String(await freePort())
  const child = spawn(process.execPath, [CLI, 'serve'], {
    cwd: tmpdir(),
    env: {
      ...RUNTIME,
      DARKROOM_HOME: home,
      DATABASE_URL: databaseUrl,
      PORT: port,
      TOKEN_SECRET,
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', output, 'inherit'],
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  /** Asks it to stop, and resolves to its exit code. */
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    return await ended
  }
  const url = `http://127.0.0.1:${port}`
  await vi.waitFor(() => fetch(`${url}/healthz`), { timeout: 60_000, interval: 50 })
  return {
    url,
    pid: child.pid as number,
    token: (owner: string) => signToken(TOKEN_SECRET, owner as OwnerId, 3600),
    stop,
    /** Its exit code, when it has ended. */
    ended,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}
