import type { JobHandler } from '../src/queue/job-queue.ts'
import type { WorkerEngines } from './engines.ts'
import { render } from './render.ts'

/** `resize`: the renditions of the photo as it was taken. */
export function resizePhoto(engines: WorkerEngines): JobHandler {
  return async (job) => await render(engines, job, () => null)
}
