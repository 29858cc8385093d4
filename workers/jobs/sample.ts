import { scratchPrefix } from '../../src/photo/object-keys.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { RemakeEngines } from '../engines.ts'
import { Destination } from './destination.ts'
import { makeEdition, workOf } from './make-edition.ts'
import { toldCost } from './told-cost.ts'

/**
 * `sample`: as `remake`, to know what it takes: what is made is put where nobody looks, and deleted. The photo stays as it
 * is.
 */
export function samplePhoto(engines: RemakeEngines): JobHandler {
  return async ({ photoId, run }) => {
    if (run === undefined) return
    const work = await workOf(engines, run)
    const photo = work && (await engines.catalog.photos.find(photoId))
    if (!photo) return
    const edition = photo.edition + 1
    const destination = new Destination(engines.store, scratchPrefix(run))
    try {
      await toldCost(
        engines,
        run,
        photo,
        destination,
        async () => await makeEdition(engines, photo, { edition, work, destination }),
      )
    } finally {
      await destination.takeBack()
    }
  }
}
