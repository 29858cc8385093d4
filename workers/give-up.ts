import type { Catalog } from '../src/catalog/catalog.ts'
import { failureOf } from '../src/photo/failure.ts'
import type { Work } from '../src/queue/job-queue.ts'

/** When a job has failed for good: the photo has, or, if it was to get another look, it keeps the one it has. */
export function giveUp(catalog: Pick<Catalog, 'markFailed' | 'giveUpLook'>): Work['onFailed'] {
  return async ({ photoId, edition }, error) => {
    if (edition !== undefined) await catalog.giveUpLook(photoId, edition)
    else await catalog.markFailed(photoId, failureOf(error))
  }
}
