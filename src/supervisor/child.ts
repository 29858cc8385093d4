/** Where a process finds the last task of the one that died before it. */
export const LAST_TASK = 'DARKROOM_LAST_TASK'

/** From whoever runs us, from a terminal's Ctrl-C, from a terminal or connection that closes: all ask for the same. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** What a child tells its supervisor. */
export type ChildMessage = { ready: unknown } | { task: unknown } | { leaves: string }

/** Tells the supervisor that this process does its work now. Does nothing in a process that has no supervisor. */
export function reportReady(value: unknown): void {
  send({ ready: value })
}

/** Tells the supervisor what this process is about to do, in JSON's terms; null when that is done. */
export function reportTask(task: unknown): void {
  send({ task })
}

/** Tells the supervisor that this process is about to end by itself, and why: it is replaced at once. */
export function reportLeave(why: string): void {
  send({ leaves: why })
}

/** What the process was doing that died and was replaced by this one: what it reported last, or null. */
export function lastTask(env: NodeJS.ProcessEnv): unknown {
  return JSON.parse(env[LAST_TASK] ?? 'null')
}

/**
 * Aborts at the first stop signal, to finish what was begun and take on nothing new. Call it once, first
 * thing. When the supervisor dies the process ends at once, whatever it is doing: nobody would start it again or
 * stop it, and the next supervisor brings its own.
 */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  // Stays on after the first: with `npm start` one Ctrl-C arrives twice, from the terminal and from npm.
  for (const signal of STOP_SIGNALS) process.on(signal, () => stopping.abort(signal))
  if (process.send) {
    if (!process.connected) endWithSupervisor()
    process.once('disconnect', endWithSupervisor)
    // A listener on it keeps the process running; a process ends by running out of work.
    process.channel?.unref()
  }
  return stopping.signal
}

function send(message: ChildMessage): void {
  // The empty callback takes the error of a channel that closes meanwhile: stopSignal sees to that.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

function endWithSupervisor(): never {
  process.stderr.write('The supervisor is gone: this process ends too.\n')
  process.exit(1)
}
