import type { JobHandler } from '../src/queue/job-queue.ts'
import { changeLook } from './change-look.ts'
import type { LookEngines } from './engines.ts'
import { render } from './render.ts'

/** `filter`: the renditions of the look the photo was uploaded with, or of an edition with another look. */
export function filterPhoto(engines: LookEngines): JobHandler {
  return async (job) => {
    if (job.edition !== undefined) await changeLook(engines, job.photoId, job.edition)
    else await render(engines, job, (photo) => photo.look)
  }
}
