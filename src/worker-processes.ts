import { join } from 'node:path'
import type { Lane } from './queue/job.ts'
import type { LaneCounts } from './queue/job-queue.ts'
import type { Log } from './supervisor/keep-alive.ts'
import { OnDemand } from './supervisor/on-demand.ts'
import { canEndWithParent } from './supervisor/parent-death.ts'
import { Precedence } from './supervisor/precedence.ts'
import { type SuperviseOptions, supervise } from './supervisor/supervisor.ts'

/** A path and not an import: workers are processes of their own, and nothing in src/ knows their insides. */
const SCRIPT = join(import.meta.dirname, '../workers/main.ts')

/**
 * Pixels are large buffers outside V8's heap, and for every few of them it collects all of its heap, unless that
 * is far from full: a tenth of the CPU that a photo of 12 MP costs.
 */
export const WORKER_NODE_FLAGS = ['--initial-old-space-size=96']

/**
 * For glibc (mallopt(3)), which otherwise keeps freed pixels for each thread apart, and asks the system for others
 * anew: a worker holds 240 MB instead of 480, and a photo costs 2 % less. Up to 128 MiB stay with the process; pieces
 * of more than 32 MiB, as very large photos have, never do. Other allocators, such as jemalloc, don't know these.
 */
export const WORKER_ENV = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: `${32 << 20}`,
  MALLOC_TRIM_THRESHOLD_: `${128 << 20}`,
}

/** A job that runs may be finished; one that takes longer is done again elsewhere. */
const STOPS_WITHIN_MS = 30_000

export type WorkersOptions = {
  lanes: readonly Lane[]
  /** So many processes of each lane at most. */
  count: number
  /** The priority of those of the batch lane, from 0, as ours, to 19, the lowest. */
  batchNice: number
  env: NodeJS.ProcessEnv
  log: Log
  /** How long a process may have nothing to do before it ends. */
  idleSeconds?: number
}

/**
 * Worker processes, each kept running. The first of the first lane stays, and tells how many jobs there are; of it and
 * all others so many run as their lane has jobs for, and those that have none for a while end by themselves. While a live
 * job runs those of the batch lane are paused, where the system lets us. Disposing lets them finish the jobs they have.
 */
export function superviseWorkers(options: WorkersOptions): AsyncDisposable & { ready: Promise<unknown> } {
  const { lanes, count, batchNice, idleSeconds = 30, log } = options
  const [firstLane = 'live'] = lanes
  const mayPause = canEndWithParent()
  const precedence = new Precedence(() =>
    crews
      .filter(({ lane }) => lane === 'batch')
      .flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? [])),
  )
  const optionsOf = (lane: Lane, number: number, flags: readonly string[]): SuperviseOptions => ({
    name: `${lane} worker ${number}`,
    command: [...WORKER_NODE_FLAGS, SCRIPT, '--lane', lane, ...flags],
    env: { ...WORKER_ENV, ...options.env },
    log,
    stopWithinMs: STOPS_WITHIN_MS,
    ...(lane === 'batch'
      ? { nice: batchNice, endsWithParent: mayPause }
      : { onTask: (task) => precedence.tell(`${lane} ${number}`, mayPause && task !== null) }),
  })
  const idle = ['--idle-seconds', String(idleSeconds)]
  const crews = lanes.map((lane) => {
    const staying = lane === firstLane ? 1 : 0
    const numbers = Array.from({ length: count - staying }, (_, index) => staying + index + 1)
    return { lane, staying, workers: numbers.map((number) => new OnDemand(optionsOf(lane, number, idle))) }
  })
  const first = supervise({
    ...optionsOf(firstLane, 1, ['--stays']),
    onNews: (demand) => {
      for (const { lane, staying, workers } of crews)
        startMissing(workers, (demand as LaneCounts)[lane] - staying)
    },
  })
  const all = [first, ...crews.flatMap(({ workers }) => workers)]
  return {
    ready: first.ready,
    async [Symbol.asyncDispose]() {
      precedence[Symbol.dispose]()
      await Promise.all(all.map((worker) => worker[Symbol.asyncDispose]()))
    },
  }
}

/** So that as many run as are wanted. */
function startMissing(workers: readonly OnDemand[], wanted: number): void {
  const down = workers.filter(({ isRunning }) => !isRunning)
  const running = workers.length - down.length
  for (const worker of down.slice(0, Math.max(0, wanted - running))) worker.start()
}
