import type { JobHandler } from '../src/queue/job-queue.ts'
import type { WorkerEngines } from './engines.ts'
import { render } from './render.ts'

/** `filter`: the renditions of the look the photo has when the job runs. */
export function filterPhoto(engines: WorkerEngines): JobHandler {
  return async (job) => await render(engines, job, (photo) => photo.look)
}
