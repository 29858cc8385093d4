import type { Catalog } from '../src/catalog/catalog.ts'
import { failureOf } from '../src/photo/failure.ts'
import type { Work } from '../src/queue/job-queue.ts'

/**
 * When a job has failed for good: the photo has, or, if it was to get another look or AVIF besides, it stays as it
 * is.
 */
export function giveUp(catalog: Pick<Catalog, 'markFailed' | 'giveUpLook' | 'giveUpAvif'>): Work['onFailed'] {
  return async ({ kind, photoId, edition }, error) => {
    switch (kind) {
      case 'resize':
      case 'filter':
        if (edition === undefined) await catalog.markFailed(photoId, failureOf(error))
        else await catalog.giveUpLook(photoId, edition)
        break
      case 'avif':
        await catalog.giveUpAvif(photoId, edition ?? 0)
        break
      case 'purge':
        // Its row is there until all is deleted, and the sweep enqueues it again.
        break
    }
  }
}
