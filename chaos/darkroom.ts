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
import { type KeptAlive, keepAlive, type RunningProcess } from '../src/supervisor/keep-alive.ts'
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

/** `darkroom start`, and perhaps other servers, started again by us as an init system does. Disposing stops them as Ctrl-C does. */
export type Darkroom = AsyncDisposable & {
  /** Of all servers, that of `darkroom start` first. */
  urls: readonly string[]
  victims: readonly Victim[]
  untilReady(withinMs: number): Promise<boolean>
  /** As an operator does who changed something. Resolves before it is ready. */
  restart(): void
}

/** `others` are the ports of other servers. */
export async function startDarkroom(
  config: Config,
  { env, others }: { env: Record<string, string>; others: readonly number[] },
  logFile: string,
  log: Log,
): Promise<Darkroom> {
  const output = openSync(logFile, 'a')
  const keep = (name: string, command: 'start' | 'serve', itsEnv: Record<string, string>): KeptAlive => {
    const start = (): RunningProcess => {
      const child = spawn(process.execPath, [CLI, command], {
        cwd: tmpdir(),
        env: itsEnv,
        stdio: ['ignore', output, output],
      })
      const pid = child.pid as number
      const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
      const stop = async () =>
        void (await stopProcess(pid, exited, [{ signal: 'SIGINT', waitMs: STOPS_WITHIN_MS }]))
      return { pid, exited, stop }
    }
    return keepAlive({ name, log, first: start(), start: async () => start() })
  }
  const pidsOfKept = ({ pid }: KeptAlive) => (pid === null ? [] : [pid])
  const kept = keep('darkroom', 'start', env)
  // They wait for the first to have brought the tables up to date.
  const servers = others.map((port) =>
    keep('another server', 'serve', { ...env, PORT: String(port), PUBLIC_URL: config.publicUrl }),
  )

  const starter = processVictim({
    name: 'darkroom start',
    pids: async () => pidsOfKept(kept),
  })
  const otherVictims = servers.map((server) =>
    processVictim({ name: 'another server', pids: async () => pidsOfKept(server) }),
  )
  const childVictims = Object.entries(CHILDREN)
    .filter(([name]) => name !== 'PostgreSQL' || config.database.kind === 'embedded')
    .map(([name, command]) => processVictim({ name, pids: async () => await pidsOf(kept.pid, command) }))
  const { database } = config
  const writes =
    database.kind === 'embedded'
      ? [writesOf('PostgreSQL', async () => await embeddedPostgresUrl(database.directory))]
      : []
  return {
    urls: [config.publicUrl, ...others.map((port) => `http://127.0.0.1:${port}`)],
    victims: [starter, ...otherVictims, ...childVictims, ...writes],
    // While it is down it is about to start anyway.
    restart: () => signal([kept, ...servers].flatMap(pidsOfKept), 'SIGTERM'),
    untilReady: async (withinMs) => {
      const giveUpAt = performance.now() + withinMs
      while (performance.now() < giveUpAt) {
        if (await isReady(config.publicUrl)) return true
        await sleep(POLL_MS)
      }
      return false
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([kept, ...servers].map((each) => each[Symbol.asyncDispose]()))
    },
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
