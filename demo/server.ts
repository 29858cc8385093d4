import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../src/embedded-postgres/free-port.ts'
import { SetupError } from '../src/errors.ts'
import { signToken } from '../src/http/auth/sign-token.ts'
import { openTokenSecret } from '../src/http/auth/token-secret.ts'
import type { OwnerId } from '../src/photo/shard.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const POLL_MS = 50
const LAST_LINES = 5
const TOKEN_SECONDS = 7 * 24 * 3600

/** `darkroom start`, with nothing configured, whatever the environment says. Disposing stops it as Ctrl-C does. */
export type Server = AsyncDisposable & {
  url: string
  tokenOf(owner: OwnerId): Promise<string>
  /** Aborts when it has ended by itself. */
  ended: AbortSignal
}

/** Resolves when it takes requests. Throws SetupError when it can't be started, and the reason of `stop`. */
export async function startServer(home: string, stop: AbortSignal): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const logFile = join(home, 'demo.log')
  const log = await open(logFile, 'a')
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, DARKROOM_HOME: home, PORT: String(port), LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, [CLI, 'start'], { env, stdio: ['ignore', log.fd, log.fd] })
  await log.close()
  const exited = once(child, 'exit')
  const ended = new AbortController()
  void exited.then(() => {
    const said = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES)
    ended.abort(new SetupError(`Darkroom has ended. It said last:\n  ${said.join('\n  ')}`))
  })
  await using opened = new AsyncDisposableStack()
  opened.defer(async () => {
    child.kill('SIGINT')
    await exited
  })

  while (!(await isReady(url))) {
    stop.throwIfAborted()
    ended.signal.throwIfAborted()
    await sleep(POLL_MS)
  }
  const secret = await openTokenSecret(home)
  const disposal = opened.move()
  return {
    url,
    tokenOf: (owner) => signToken(secret, owner, TOKEN_SECONDS),
    ended: ended.signal,
    [Symbol.asyncDispose]: async () => await disposal.disposeAsync(),
  }
}

/** A folder for it, which goes with the demonstration unless somebody named it. */
export async function openHome(named: string | undefined): Promise<AsyncDisposable & { path: string }> {
  if (named !== undefined) {
    const path = resolve(named)
    await mkdir(path, { recursive: true })
    return { path, [Symbol.asyncDispose]: async () => {} }
  }
  const path = await mkdtemp(join(tmpdir(), 'darkroom-demo-'))
  // PostgreSQL, which runs as another account when we are root, must get through.
  await chmod(path, 0o755)
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const reply = await fetch(`${url}/readyz`)
    await reply.arrayBuffer()
    return reply.ok
  } catch {
    return false
  }
}
