import { setTimeout as sleep } from 'node:timers/promises'
import { signal } from './processes.ts'

/** What can be hit: one process, with those that belong to it. */
export type Victim = {
  name: string
  /** The process itself first, then its children if it works through them. None while it is down. */
  pids(): Promise<number[]>
  /** Starts it again, where nobody else does; resolves when its process is there. */
  revive?(): Promise<void>
}

export type Blow = { how: 'kill' | 'pause'; ms: number }

/**
 * Kills the process, and lets it lie for that long where it is us who start it again; or stops it with all of
 * its children for that long. False when it was down already.
 */
export async function strike(victim: Victim, { how, ms }: Blow): Promise<boolean> {
  const pids = await victim.pids()
  if (pids.length === 0) return false
  switch (how) {
    case 'kill':
      signal(pids.slice(0, 1), 'SIGKILL')
      if (!victim.revive) return true
      await sleep(ms)
      await victim.revive()
      return true
    case 'pause':
      signal(pids, 'SIGSTOP')
      await sleep(ms)
      signal(pids, 'SIGCONT')
      return true
  }
}
