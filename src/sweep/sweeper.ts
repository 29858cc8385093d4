import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { Log } from '../log.ts'
import { type EarlierEngines, sweepRenditions } from './earlier-renditions.ts'
import type { Lap, LapEngines } from './lap.ts'
import { type JobEngines, sweepJobs } from './lost-jobs.ts'
import { sweepObjectsOn } from './sweep-objects.ts'
import { type TakeDownEngines, takeDown } from './take-down.ts'
import { type Task, type TurnEngines, takeTurns } from './turns.ts'

export type SweeperEngines = JobEngines & LapEngines & EarlierEngines & TakeDownEngines & TurnEngines

type SweeperConfig = { cdn: Pick<Config['cdn'], 'windowSeconds' | 'minLifeSeconds'>; quarantineDays: number }

/** All sweeps, in turns with the other servers, until disposed; one that runs then is cut. */
export function startSweeper(engines: SweeperEngines, config: SweeperConfig, log: Log): AsyncDisposable {
  const stopping = new AbortController()
  const holder = randomUUID()
  const run = <Progress>(task: Task<Progress>) => takeTurns(engines, holder, task, log, stopping.signal)
  const { quarantineDays, cdn } = config
  const lifeSeconds = cdn.windowSeconds + cdn.minLifeSeconds

  const running = Promise.all([
    // A lost job is enqueued again within a minute.
    run({ name: 'jobs', pauseMs: 15_000, work: async () => await sweepJobs(engines, log) }),
    run({
      name: 'take down',
      // Deleted photos are gone from a CDN within seconds; where there is none, its last may be left of one there was.
      pauseMs: engines.cdn.keepsCopies ? 5_000 : 600_000,
      work: async () => await takeDown(engines, log),
    }),
    run({
      name: 'earlier renditions',
      pauseMs: 600_000,
      work: async () => await sweepRenditions(engines, lifeSeconds, log),
    }),
    run<Lap>({
      name: 'objects',
      pauseMs: 60_000,
      work: async ({ progress, keep }) => {
        await keep(await sweepObjectsOn(engines, progress, { quarantineDays, keep }, log))
      },
    }),
  ])
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await running
    },
  }
}
