import { originalKey, renditionsPrefix } from '../src/photo/object-keys.ts'
import type { JobHandler } from '../src/queue/job-queue.ts'
import type { WorkerEngines } from './engines.ts'

/** `purge`: every object of a removed photo, its edge copies, and at last its row, which until then promises the rest. */
export function purgePhoto({ catalog, store, cdn }: WorkerEngines): JobHandler {
  return async ({ photoId }) => {
    const photo = await catalog.findRemoved(photoId)
    if (!photo) return

    const renditions = await Array.fromAsync(store.list(renditionsPrefix(photoId)))
    await store.delete([originalKey(photoId, photo.original.format), ...renditions])
    await cdn.invalidate([photoId])
    await catalog.forget(photoId)
  }
}
