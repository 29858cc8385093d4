import type { Photos } from '../catalog/photos.ts'
import type { FailedJob, JobQueue } from '../queue/job-queue.ts'

/** Of the jobs that failed for good. */
export type FailedChoice = {
  /** Only what failed with it. */
  code?: string | null | undefined
  /** Only what had failed by then: who has seen so many means those, and none since. */
  until?: Date | undefined
}

const PAGE = 1_000

/** Those that failed for good, lane by lane, the last of each first. */
export async function* failedJobs(
  queue: Pick<JobQueue, 'failed'>,
  { code, until }: FailedChoice,
): AsyncGenerator<FailedJob> {
  for await (const page of queue.failed(PAGE)) {
    for (const each of page) {
      if ((code ?? each.code) !== each.code) continue
      if (until === undefined || each.failedAt <= until) yield each
    }
  }
}

/** Enqueues it again, as after a mistake was mended; a photo that failed by it is processing again. */
export async function retryJob(
  { queue, catalog }: { queue: Pick<JobQueue, 'enqueue'>; catalog: { photos: Pick<Photos, 'retry'> } },
  { job }: FailedJob,
): Promise<void> {
  if (job.kind === 'resize' || job.kind === 'import') await catalog.photos.retry(job.photoId)
  await queue.enqueue(job)
}
