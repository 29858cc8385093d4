import { readdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Gives a process that was just started a lower priority (nice, 1 to 19), and with it its threads, which inherit it. At 19
 * it has the cycles that nobody else wants. Its requests to disks come later, too. What a system does not know is left out.
 *
 * @NOTE Linux gives each session an equal share, whatever the priorities in them (sched(7), "The autogroup feature"),
 * and a supervised process has a session of its own: the session wants the low priority, too.
 */
export function lowerPriority(pid: number, nice: number): void {
  for (const thread of threadsOf(pid)) attempt(() => setPriority(thread, nice))
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(nice)))
}

/** On Linux a priority is that of a thread. */
function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return [pid]
  }
}

function attempt(change: () => void): void {
  try {
    change()
  } catch {
    // The process has ended, or the system has no such thing.
  }
}
