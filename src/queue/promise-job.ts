import type { Log } from '../log.ts'
import { type Job, jobKey } from './job.ts'
import type { JobQueue } from './job-queue.ts'

/**
 * Enqueues a job whose photo's row says already that it is to be done. Never throws: what the queue does not take the
 * sweep enqueues, and whoever asked for it was not refused.
 */
export async function promiseJob(
  queue: Pick<JobQueue, 'enqueue'>,
  job: Job,
  log: { warn: Log['warn'] },
): Promise<void> {
  try {
    await queue.enqueue(job)
  } catch (err) {
    log.warn(
      { job: jobKey(job), photoId: job.photoId, ...job.trace, err },
      'job not enqueued: the sweep does it in a minute',
    )
  }
}
