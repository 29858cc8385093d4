import type { Photos } from '../catalog/photos/photos.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { FailedJob, FailedPage, FailedPlace, JobQueue } from '../queue/job-queue.ts'

/** Of the jobs that failed for good. */
export type FailedChoice = {
  /** Only what failed with it. */
  code?: string | null | undefined
  /** Only those of this photo. */
  photo?: PhotoId | undefined
  /** Only what had failed by then: who has seen so many means those, and none since. */
  until?: Date | undefined
}

const PAGE = 1_000

/** Those that failed for good, the last first. */
export async function* failedJobs(
  queue: Pick<JobQueue, 'failed'>,
  { code, photo, until }: FailedChoice = {},
): AsyncGenerator<FailedJob> {
  let after: FailedPlace | null = until ? { failedAt: new Date(until.getTime() + 1), key: '' } : null
  do {
    const page: FailedPage = await queue.failed(after, PAGE)
    yield* page.jobs.filter(
      (each) => (code ?? each.code) === each.code && (photo ?? each.job.photoId) === each.job.photoId,
    )
    after = page.next
  } while (after)
}

/** Enqueues it again, as after a mistake was mended; a photo that failed by it is processing again. */
export async function retryJob(
  { queue, catalog }: { queue: Pick<JobQueue, 'enqueue'>; catalog: { photos: Pick<Photos, 'retry'> } },
  { job }: FailedJob,
): Promise<void> {
  if (job.kind === 'resize' || job.kind === 'import') await catalog.photos.retry(job.photoId)
  await queue.enqueue(job)
}
