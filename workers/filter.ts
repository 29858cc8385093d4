import type { JobHandler } from '../src/queue/job-queue.ts'
import { changeLook } from './change-look.ts'
import type { LookEngines } from './engines.ts'

/** `filter`: the renditions of an edition with another look. */
export function filterPhoto(engines: LookEngines): JobHandler {
  return async ({ photoId, edition }) => {
    if (edition !== undefined) await changeLook(engines, photoId, edition)
  }
}
