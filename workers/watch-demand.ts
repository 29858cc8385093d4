import type { JobQueue, LaneCounts } from '../src/queue/job-queue.ts'
import { reportNews } from '../src/supervisor/child.ts'

const IDLE_MS = 1_000
const BUSY_MS = 200

export type DemandWatch = AsyncDisposable & {
  /** Whether this worker has claimed a job now. */
  claimed(isOne: boolean): void
}

/**
 * Tells the supervisor how many jobs each lane has, whenever there are any: it starts further workers. One question a
 * second, which the queue answers from an index, is cheaper than a connection of its own that listens, on either
 * engine; while this worker is busy it asks more often, as the next upload of a burst waits for another.
 */
export function watchDemand(queue: Pick<JobQueue, 'demand'>): DemandWatch {
  const report = (demand: LaneCounts) => {
    if (demand.live + demand.batch > 0) reportNews(demand)
  }
  let isBusy = false
  let isDisposed = false
  let asking = Promise.resolve()
  let dueAt = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const ask = async () => {
    dueAt = Number.POSITIVE_INFINITY
    // The worker says what is wrong with the queue.
    await queue.demand().then(report, () => {})
    askWithin(isBusy ? BUSY_MS : IDLE_MS)
  }
  const askWithin = (ms: number) => {
    const at = performance.now() + ms
    if (isDisposed || at >= dueAt) return
    dueAt = at
    clearTimeout(timer)
    timer = setTimeout(() => (asking = ask()), ms)
  }
  askWithin(IDLE_MS)
  return {
    claimed(isOne) {
      isBusy = isOne
      if (isBusy) askWithin(BUSY_MS)
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true
      clearTimeout(timer)
      await asking
    },
  }
}
