import type { JobKind } from '../../src/queue/job.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'

export const nothing = async () => {}

/** A worker's handlers that do nothing, for a test to put its own among. */
export const idle: Record<JobKind, JobHandler> = {
  resize: nothing,
  import: nothing,
  filter: nothing,
  purge: nothing,
  finish: nothing,
  remake: nothing,
  sample: nothing,
  fanout: nothing,
}
