import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** What this folder asks of a logger; pino's fits. */
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>

/**
 * How a process ended: one of the two is set, or neither when it could not be started at all. `planned` is why it ended
 * by itself, to be replaced or, when it was idle, not.
 */
export type Exit = {
  code: number | null
  signal: NodeJS.Signals | null
  planned?: string
  isIdle?: boolean
}

/** One life of a process. `stop` resolves when it is gone. */
export type RunningProcess = { pid: number; exited: Promise<Exit>; stop(): Promise<void> }

export type KeepAliveOptions = {
  name: string
  log: Log
  first: RunningProcess
  start(): Promise<RunningProcess>
  /** An exit after which the process stays down. */
  isFinal?(exit: Exit): boolean
}

/**
 * `pid` is null while the process is down. `ended` resolves when it is down and stays so. Disposing stops it and resolves
 * when it is gone.
 */
export type KeptAlive = AsyncDisposable & { readonly pid: number | null; readonly ended: Promise<void> }

/** A process that lived this long was well: its next death counts as the first again. */
const STEADY_MS = 10_000
const LONGEST_PAUSE_MS = 5_000

/** Starts a process again whenever it dies: at once the first time, after a growing pause when it keeps dying soon. */
export function keepAlive({ name, log, first, start, isFinal = () => false }: KeepAliveOptions): KeptAlive {
  const stopping = new AbortController()
  let running: RunningProcess | null = first
  const ended = run()

  async function run(): Promise<void> {
    const stopped = stopping.signal.aborted ? Promise.resolve() : once(stopping.signal, 'abort')
    let deaths = 0
    while (running) {
      const { pid, exited, stop } = running
      const startedAt = performance.now()
      const exit = await Promise.race([exited, stopped.then(() => null)])
      if (!exit) return stop()
      running = null
      if (isFinal(exit)) return
      if (exit.planned !== undefined) {
        deaths = 0
        log.info({ process: name, pid, reason: exit.planned }, `${name} is replaced`)
      } else {
        deaths = performance.now() - startedAt < STEADY_MS ? deaths + 1 : 1
        const pauseMs = pauseAfter(deaths)
        log.warn({ process: name, pid, ...exit, pauseMs }, `${name} ${ending(exit)}; ${next(pauseMs)}`)
      }
      while (!running && (await pause(pauseAfter(deaths)))) {
        running = await start().catch((error: unknown) => {
          deaths += 1
          log.error({ process: name, err: error }, `${name} did not start; ${next(pauseAfter(deaths))}`)
          return null
        })
      }
    }
  }

  /** Resolves to false when the process is to stay down. */
  async function pause(ms: number): Promise<boolean> {
    if (ms > 0) await sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})
    return !stopping.signal.aborted
  }

  return {
    get pid() {
      return running?.pid ?? null
    },
    ended,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await ended
    },
  }
}

/** Milliseconds to wait after so many early deaths in a row: 0, 250, 500, 1000 … 5000. */
export function pauseAfter(deaths: number): number {
  return deaths < 2 ? 0 : Math.min(250 * 2 ** (deaths - 2), LONGEST_PAUSE_MS)
}

function ending({ code, signal }: Exit): string {
  if (signal) return `was killed by ${signal}`
  return code === null ? 'could not be started' : `ended with exit code ${code}`
}

function next(pauseMs: number): string {
  return pauseMs === 0 ? 'starting it again' : `starting it again in ${pauseMs} ms`
}
