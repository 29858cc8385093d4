import type { Catalog } from '../src/catalog/catalog.ts'
import { failureOf } from '../src/photo/failure.ts'
import type { Work } from '../src/queue/job-queue.ts'

/**
 * When a job has failed for good: the photo has, or, if it was to get another look or AVIF besides, it stays as it
 * is.
 */
export function giveUp(catalog: Pick<Catalog, 'markFailed' | 'giveUpLook' | 'giveUpAvif'>): Work['onFailed'] {
  return async ({ kind, photoId, edition }, error) => {
    if (kind === 'avif') await catalog.giveUpAvif(photoId, edition ?? 0)
    else if (edition !== undefined) await catalog.giveUpLook(photoId, edition)
    else await catalog.markFailed(photoId, failureOf(error))
  }
}
