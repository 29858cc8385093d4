import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../src/config/config.ts'
import { embeddedPostgresUrl } from '../src/embedded-postgres/embedded-postgres.ts'
import type { ReadyReply } from '../src/http/routes/health.ts'
import type { Log } from '../src/log.ts'
import { keepAlive, type RunningProcess } from '../src/supervisor/keep-alive.ts'
import { stopProcess } from '../src/supervisor/stop-process.ts'
import { childrenOf, signal } from './processes.ts'
import { writesOf } from './read-only.ts'
import { processVictim, type Victim } from './victim.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const STOPS_WITHIN_MS = 60_000
const POLL_MS = 100

/** What tells the children of `darkroom start` by their command lines. */
const CHILDREN = {
  API: / serve$/,
  'a worker': /workers\/main\.ts --lane live/,
  'a batch worker': /workers\/main\.ts --lane batch/,
  PostgreSQL: /postgres -D/,
} as const

/** `darkroom start`, started again by us as an init system does. Disposing stops it as Ctrl-C does. */
export type Darkroom = AsyncDisposable & {
  victims: readonly Victim[]
  untilReady(withinMs: number): Promise<boolean>
  /** As an operator does who changed something. Resolves before it is ready. */
  restart(): void
}

export async function startDarkroom(
  config: Config,
  env: Record<string, string>,
  logFile: string,
  log: Log,
): Promise<Darkroom> {
  const output = openSync(logFile, 'a')
  const start = (): RunningProcess => {
    const child = spawn(process.execPath, [CLI, 'start'], {
      cwd: tmpdir(),
      env,
      stdio: ['ignore', output, output],
    })
    const pid = child.pid as number
    const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
    const stop = async () =>
      void (await stopProcess(pid, exited, [{ signal: 'SIGINT', waitMs: STOPS_WITHIN_MS }]))
    return { pid, exited, stop }
  }
  const kept = keepAlive({ name: 'darkroom', log, first: start(), start: async () => start() })

  const starter = processVictim({
    name: 'darkroom start',
    pids: async () => (kept.pid === null ? [] : [kept.pid]),
  })
  const childVictims = Object.entries(CHILDREN)
    .filter(([name]) => name !== 'PostgreSQL' || config.database.kind === 'embedded')
    .map(([name, command]) => processVictim({ name, pids: async () => await pidsOf(kept.pid, command) }))
  const { database } = config
  const writes =
    database.kind === 'embedded'
      ? [writesOf('PostgreSQL', async () => await embeddedPostgresUrl(database.directory))]
      : []
  return {
    victims: [starter, ...childVictims, ...writes],
    // While it is down it is about to start anyway.
    restart: () => signal(kept.pid === null ? [] : [kept.pid], 'SIGTERM'),
    untilReady: async (withinMs) => {
      const giveUpAt = performance.now() + withinMs
      while (performance.now() < giveUpAt) {
        if (await isReady(config.publicUrl)) return true
        await sleep(POLL_MS)
      }
      return false
    },
    [Symbol.asyncDispose]: async () => await kept[Symbol.asyncDispose](),
  }
}

/**
 * The oldest such child, so that no worker is killed time and again while others are spared; PostgreSQL works through
 * children.
 */
async function pidsOf(parent: number | null, command: RegExp): Promise<number[]> {
  if (parent === null) return []
  const found = (await childrenOf(parent)).find((child) => command.test(child.command))
  if (!found) return []
  return [found.pid, ...(await childrenOf(found.pid)).map(({ pid }) => pid)]
}

/** With every database, of which one would be enough for a server that is asked. */
async function isReady(url: string): Promise<boolean> {
  try {
    const reply = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    const { engines } = (await reply.json()) as ReadyReply
    return Object.values(engines).every((state) => state === 'ready')
  } catch {
    return false
  }
}
