import { setTimeout as sleep } from 'node:timers/promises'

/** A signal, and how long it may take to work before the next one is sent. */
export type StopStep = { signal: NodeJS.Signals; waitMs: number }

/** Sends the signals in turn until the process is gone. Resolves to false when it took SIGKILL in the end. */
export async function stopProcess(
  pid: number,
  exited: Promise<unknown>,
  steps: readonly StopStep[],
): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    if (!send(pid, signal)) return exited.then(() => true)
    const waiting = new AbortController()
    const gone = await Promise.race([
      exited.then(() => true),
      sleep(waitMs, false, { signal: waiting.signal }).catch(() => false),
    ])
    waiting.abort()
    if (gone) return true
  }
  send(pid, 'SIGKILL')
  await exited
  return false
}

/** False when there is no such process any more. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
