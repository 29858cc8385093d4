import { originalKey } from '../../src/photo/object-keys.ts'
import { listRenditions } from '../../src/places/all-renditions.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { WorkerEngines } from '../engines.ts'

/**
 * `purge`: every object of a removed photo, but for an original that was adopted, and then its row, which until then promises the rest. Where a CDN may have
 * copies the row stays until they are taken down, many photos at once (src/sweep/take-down.ts).
 */
export function purgePhoto({ catalog, store, cdn }: WorkerEngines): JobHandler {
  return async ({ photoId }) => {
    const photo = await catalog.removals.find(photoId)
    if (!photo) return

    const renditions = await listRenditions(store, photoId)
    const originals = photo.format === null ? [] : [originalKey(photoId, photo.format)]
    await store.delete([...originals, ...renditions])
    if (cdn.keepsCopies && photo.hadRenditions) await catalog.removals.markPurged(photoId)
    else await catalog.removals.forget([photoId])
  }
}
