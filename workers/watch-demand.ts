import type { JobQueue, LaneCounts } from '../src/queue/job-queue.ts'
import { reportNews } from '../src/supervisor/child.ts'

const IDLE_MS = 1_000
const BUSY_MS = 200

export type DemandWatch = AsyncDisposable & {
  /** Whether this worker has a job now. */
  claimed(isBusy: boolean): void
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
  let pauseMs = IDLE_MS
  let timer: NodeJS.Timeout | undefined
  let asking = Promise.resolve()
  let isDisposed = false
  const ask = async () => {
    // The worker says what is wrong with the queue.
    await queue.demand().then(report, () => {})
    schedule()
  }
  const schedule = () => {
    clearTimeout(timer)
    if (!isDisposed) timer = setTimeout(() => (asking = ask()), pauseMs)
  }
  schedule()
  return {
    claimed(isBusy) {
      const before = pauseMs
      pauseMs = isBusy ? BUSY_MS : IDLE_MS
      if (pauseMs < before) schedule()
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true
      clearTimeout(timer)
      await asking
    },
  }
}
