import { type ChildProcess, spawn } from 'node:child_process'
import { SetupError } from '../errors.ts'
import { type ChildMessage, LAST_TASK } from './child.ts'
import { type Exit, type KeptAlive, keepAlive, type Log, type RunningProcess } from './keep-alive.ts'
import { lowerPriority } from './lower-priority.ts'
import { endingWithParent } from './parent-death.ts'
import { stopProcess } from './stop-process.ts'

export type SuperviseOptions = {
  name: string
  /** A script and its arguments, run by the same Node as we are. Flags for Node come first. */
  command: readonly string[]
  env: NodeJS.ProcessEnv
  log: Log
  /** How long a child may go on with what it has begun after SIGTERM, before SIGKILL. 30 s unless told. */
  stopWithinMs?: number
  /** Its priority for the operating system: 0, as ours, unless told, to 19, the lowest. */
  nice?: number
  /** Whether the system kills the child, be it stopped, when we die; only where `canEndWithParent`. */
  endsWithParent?: boolean
  /** Told what the child is about to do, as it said with `reportTask`; null when that is done or the child has ended. */
  onTask?(task: unknown): void
  /** Told what the child says with `reportNews`. */
  onNews?(news: unknown): void
}

/**
 * `ready` is what the child gave to `reportReady` the first time. It rejects with SetupError when the child ends
 * with exit code 1 before that: the child has said why on stderr, and it is not started again.
 */
export type Supervised = KeptAlive & { readonly ready: Promise<unknown> }

/**
 * Keeps a child process running until disposed; dispose several side by side. The child calls `endWithSupervisor` and
 * `reportReady` of child.ts; what it said with `reportTask` before it died is its successor's `lastTask`. After
 * `reportLeave` it may end by itself and is replaced, after `reportIdle` it stays down. It is given
 * a session of its own, so that Ctrl-C in a terminal reaches us alone, and an IPC channel, whose end tells it
 * that we died.
 */
export function supervise(options: SuperviseOptions): Supervised {
  const { name, command, env, log, stopWithinMs = 30_000, nice = 0, onTask, onNews } = options
  const ready = Promise.withResolvers<unknown>()
  // Whoever does not wait for it learns from the log.
  ready.promise.catch(() => {})
  let wasReady = false
  let task: unknown = null

  function start(): RunningProcess {
    const run = [process.execPath, ...command]
    const [file = '', ...args] = options.endsWithParent ? endingWithParent(run) : run
    const child = spawn(file, args, {
      env: task === null ? env : { ...env, [LAST_TASK]: JSON.stringify(task) },
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    task = null
    if (nice > 0 && child.pid !== undefined) lowerPriority(child.pid, nice)
    let leave: Pick<Exit, 'planned' | 'isIdle'> = {}
    child.on('message', (message: ChildMessage) => {
      if ('task' in message) {
        task = message.task
        onTask?.(task)
      } else if ('leaves' in message) {
        leave = { planned: message.leaves, isIdle: message.isIdle }
      } else if ('news' in message) {
        onNews?.(message.news)
      } else {
        wasReady = true
        ready.resolve(message.ready)
      }
    })
    const exited = exitOf(child).then((exit) => (exit.code === 0 ? { ...exit, ...leave } : exit))
    if (onTask) void exited.then(() => onTask(null))
    // Without a pid it could not be started at all; `exited` says so, and there is nothing to stop.
    const { pid = 0 } = child
    const stop = async () => {
      if (pid === 0) return
      const inTime = await stopProcess(pid, exited, [{ signal: 'SIGTERM', waitMs: stopWithinMs }])
      if (!inTime)
        log.warn({ process: name, pid }, `${name} did not stop within ${stopWithinMs} ms and was killed`)
    }
    return { pid, exited, stop }
  }

  const kept = keepAlive({
    name,
    log,
    first: start(),
    start: async () => start(),
    isFinal({ code, planned, isIdle }) {
      if (isIdle) log.debug({ process: name }, `${name} ends: ${planned}`)
      const failed = code === 1 && !wasReady
      if (failed) ready.reject(new SetupError(`${name} could not start; it says why above.`))
      return failed || isIdle === true
    },
  })

  return {
    ready: ready.promise,
    get pid() {
      return kept.pid
    },
    ended: kept.ended,
    async [Symbol.asyncDispose]() {
      ready.reject(new Error(`${name} was stopped before it was ready`))
      await kept[Symbol.asyncDispose]()
    },
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    // Node emits `error` and no `exit` when a process can't be started, for want of memory or process ids.
    child.on('error', () => child.pid === undefined && resolve({ code: null, signal: null }))
  })
}
