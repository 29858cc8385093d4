import type { PhotoId } from '../../../src/photo/photo-id.ts'
import type { Job } from '../../../src/queue/job.ts'
import type { JobQueue } from '../../../src/queue/job-queue.ts'

/** An empty queue of the test's own. */
export type OpenQueue = () => Promise<JobQueue & AsyncDisposable>

export const job: Job = { kind: 'resize', photoId: '764879989359635463' as PhotoId }
export const other: Job = { kind: 'filter', photoId: '764879989359635464' as PhotoId }
export const batch = [
  { kind: 'finish', photoId: job.photoId, edition: 0 },
  { kind: 'finish', photoId: job.photoId, edition: 1 },
  { kind: 'purge', photoId: job.photoId },
] as const satisfies Job[]

export const neverFailed = async () => {}

/** The queue, which gives its server back when it is disposed. */
export function owning<Queue extends AsyncDisposable>(queue: Queue, server: AsyncDisposable): Queue {
  const dispose = queue[Symbol.asyncDispose].bind(queue)
  return Object.assign(queue, {
    [Symbol.asyncDispose]: async () => {
      await dispose()
      await server[Symbol.asyncDispose]()
    },
  })
}
