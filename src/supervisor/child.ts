/** Where a process finds the last task of the one that died before it. */
export const LAST_TASK = 'DARKROOM_LAST_TASK'

/** What a child tells its supervisor. */
export type ChildMessage =
  | { ready: unknown }
  | { task: unknown }
  | { news: unknown }
  | { leaves: string; isIdle: boolean }

/** Tells the supervisor that this process does its work now. Does nothing in a process that has no supervisor. */
export function reportReady(value: unknown): void {
  send({ ready: value })
}

/** Tells the supervisor what this process is about to do, in JSON's terms; null when that is done. */
export function reportTask(task: unknown): void {
  send({ task })
}

/** Tells the supervisor what it wants to know of this process, in JSON's terms. */
export function reportNews(news: unknown): void {
  send({ news })
}

/** Tells the supervisor that this process is about to end by itself, and why: it is replaced at once. */
export function reportLeave(why: string): void {
  send({ leaves: why, isIdle: false })
}

/** Tells the supervisor that this process is about to end for want of work: it stays down. */
export function reportIdle(why: string): void {
  send({ leaves: why, isIdle: true })
}

/** What the process was doing that died and was replaced by this one: what it reported last, or null. */
export function lastTask(env: NodeJS.ProcessEnv): unknown {
  return JSON.parse(env[LAST_TASK] ?? 'null')
}

/**
 * When the supervisor dies this process ends at once, whatever it is doing: nobody would start it again or stop it, and
 * the next supervisor brings its own. Call it first thing. Does nothing in a process that has no supervisor.
 */
export function endWithSupervisor(): void {
  if (!process.send) return
  if (!process.connected) end()
  process.once('disconnect', end)
  // A listener on it keeps the process running; a process ends by running out of work.
  process.channel?.unref()
}

function send(message: ChildMessage): void {
  // The empty callback takes the error of a channel that closes meanwhile: endWithSupervisor sees to that.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

function end(): never {
  process.stderr.write('The supervisor is gone: this process ends too.\n')
  process.exit(1)
}
