import { setTimeout as sleep } from 'node:timers/promises'
import { signal } from './processes.ts'

/** What can be hit, and how: by the name of each blow. */
export type Victim = { name: string; blows: Readonly<Record<string, Blow>> }

/** Hits for so many milliseconds, and resolves when that is over. False when there was nothing to hit. */
export type Blow = (ms: number) => Promise<boolean>

/** One process, with those that belong to it. */
export type VictimProcess = {
  name: string
  /** The process itself first, then its children if it works through them. None while it is down. */
  pids(): Promise<number[]>
  /** Starts it again, where nobody else does; resolves when its process is there. */
  revive?(): Promise<void>
}

/**
 * A process can be killed, and lies for that long where it is us who start it again; or stopped with all of its
 * children for that long.
 */
export function processVictim({ name, pids, revive }: VictimProcess): Victim {
  return {
    name,
    blows: {
      kill: async (ms) => {
        const [first] = await pids()
        if (first === undefined) return false
        signal([first], 'SIGKILL')
        if (!revive) return true
        await sleep(ms)
        await revive()
        return true
      },
      pause: async (ms) => {
        const all = await pids()
        if (all.length === 0) return false
        signal(all, 'SIGSTOP')
        await sleep(ms)
        signal(all, 'SIGCONT')
        return true
      },
    },
  }
}
