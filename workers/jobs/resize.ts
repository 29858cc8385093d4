import { deleteRenditions } from '../../src/places/all-renditions.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { WorkerEngines } from '../engines.ts'
import { decodeOriginal } from './decode-original.ts'
import { makeLater } from './later-renditions.ts'
import { afterRefusal, putRenditions } from './put-renditions.ts'
import { recipeNumberOf } from './recipe-number.ts'

/**
 * `resize`: all that a photo gets which was uploaded, in the look it was uploaded with, from one decode. It is ready when
 * the first renditions are recorded, and the others follow. Nothing is done for a photo that was removed.
 */
export function resizePhoto(engines: WorkerEngines): JobHandler {
  return async (job) => {
    const beganAt = performance.now()
    const { photoId } = job
    const { catalog, store } = engines
    const photo = await catalog.photos.find(photoId)
    if (!photo) return await deleteRenditions(store, photoId)

    const { look, edition } = photo
    await engines.filters.learn(look?.filter)
    await using decoded = await decodeOriginal(engines, photo, engines.presets)
    const renditions = await putRenditions(engines, photo, decoded, { stage: 'upload', edition })
    const facts = await decoded.facts
    const recipe = recipeNumberOf(engines, look)
    const recorded = await catalog.renditions.record(photo, photo, { facts, renditions, recipe, beganAt })
    if (!recorded) {
      if ((await afterRefusal(engines, photo)) === 'moved') await resizePhoto(engines)(job)
      return
    }
    if (recorded.edition === edition) await makeLater(engines, photo, decoded, { look, edition, renditions })
  }
}
