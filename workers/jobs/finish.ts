import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { WorkerEngines } from '../engines.ts'
import { decodeOriginal } from './decode-original.ts'
import { putLater } from './later-renditions.ts'
import { recipeNumberOf } from './recipe-number.ts'

/**
 * `finish`: what the edition that is shown lacks of what follows after it is ready, when the job that made it did not make
 * these as well. Nothing is done for an edition that is not shown any more: the one that is has a job of its own.
 */
export function finishPhoto(engines: WorkerEngines): JobHandler {
  return async ({ photoId, edition }) => {
    const photo = await engines.catalog.photos.find(photoId)
    if (photo?.status !== 'ready' || photo.edition !== edition) return

    await engines.filters.learn(photo.look?.filter)
    const presets = engines.presets.filter(({ after }) => after.length > 0)
    // Nothing follows: recorded as what there is, so that nobody asks for it again.
    if (presets.length === 0) {
      const nothing = { renditions: [], recipe: recipeNumberOf(engines, photo.look) }
      return void (await engines.catalog.renditions.recordLater(photo, photo, nothing))
    }
    await using decoded = await decodeOriginal(engines, photo, presets)
    await putLater(engines, photo, decoded, photo)
  }
}
