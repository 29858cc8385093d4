import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProcesses, isOurs, startDaemon } from '../../scripts/services/daemon.ts'
import { processVictim, type Victim } from '../victim.ts'

/** A program that dies that soon after its start is started again: what its predecessor held was not free yet. */
const STEADY_MS = 500

/** The daemons of a service, and how to start each again as it was. Disposing ends them. */
export type Daemons = AsyncDisposable & {
  /** Takes over a daemon that was started; `folder` must stand in its command line. */
  adopt(pid: number): void
  /** The daemon of that program. */
  victim(name: string, program: string): Victim
}

export function createDaemons(folder: string): Daemons {
  const commands = new Map<string, readonly string[]>()
  const pids = new Map<string, number>()

  const revive = async (program: string) => {
    const args = commands.get(program) ?? []
    for (;;) {
      const pid = startDaemon(program, args, join(folder, `${program}.again.log`))
      pids.set(program, pid)
      await sleep(STEADY_MS)
      if (isOurs(pid, folder)) return
    }
  }

  return {
    adopt: (pid) => {
      const [program = '', ...args] = commandOf(pid)
      commands.set(program, args)
      pids.set(program, pid)
    },
    victim: (name, program) =>
      processVictim({
        name,
        pids: async () => [...pids].flatMap(([known, pid]) => (known === program ? [pid] : [])),
        revive: () => revive(program),
      }),
    [Symbol.asyncDispose]: () => endProcesses([...pids.values()], folder),
  }
}

/** Linux only, as the packages are. */
function commandOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
}
