import { join } from 'node:path'
import type { Log } from './keep-alive.ts'
import { supervise } from './supervisor.ts'

/** A path and not an import: workers are processes of their own, and nothing in src/ knows their insides. */
const SCRIPT = join(import.meta.dirname, '../../workers/main.ts')

/** A job that runs may be finished; one that takes longer is done again elsewhere. */
const STOPS_WITHIN_MS = 30_000

/** So many worker processes, each kept running. Disposing lets them finish the jobs they have. */
export function superviseWorkers(
  count: number,
  env: NodeJS.ProcessEnv,
  log: Log,
): AsyncDisposable & { ready: Promise<unknown> } {
  const workers = Array.from({ length: count }, (_, index) =>
    supervise({ name: `worker ${index + 1}`, command: [SCRIPT], env, log, stopWithinMs: STOPS_WITHIN_MS }),
  )
  return {
    ready: Promise.all(workers.map(({ ready }) => ready)),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    },
  }
}
