import { join } from 'node:path'
import type { Log } from './keep-alive.ts'
import { supervise } from './supervisor.ts'

/** A path and not an import: workers are processes of their own, and nothing in src/ knows their insides. */
const SCRIPT = join(import.meta.dirname, '../../workers/main.ts')

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

/** So many worker processes, each kept running. Disposing lets them finish the jobs they have. */
export function superviseWorkers(
  count: number,
  env: NodeJS.ProcessEnv,
  log: Log,
): AsyncDisposable & { ready: Promise<unknown> } {
  const workers = Array.from({ length: count }, (_, index) =>
    supervise({
      name: `worker ${index + 1}`,
      command: [...WORKER_NODE_FLAGS, SCRIPT],
      env: { ...WORKER_ENV, ...env },
      log,
      stopWithinMs: STOPS_WITHIN_MS,
    }),
  )
  return {
    ready: Promise.all(workers.map(({ ready }) => ready)),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    },
  }
}
