import type { Catalog } from '../../src/catalog/catalog.ts'
import { failureOf } from '../../src/photo/failure.ts'
import type { Work } from '../../src/queue/job-queue.ts'

/**
 * When a job has failed for good: the photo has, or, if it was to get another edition or later renditions, it stays as
 * it is.
 */
export function giveUp(catalog: Pick<Catalog, 'photos' | 'looks' | 'renditions'>): Work['onFailed'] {
  return async ({ kind, photoId, edition }, error) => {
    switch (kind) {
      case 'resize':
      case 'import':
      case 'filter':
        if (edition === undefined) await catalog.photos.fail(photoId, failureOf(error))
        else await catalog.looks.giveUp(photoId, edition)
        break
      case 'finish':
        await catalog.renditions.giveUpLater(photoId, edition ?? 0)
        break
      case 'purge':
        // Its row is there until all is deleted, and the sweep enqueues it again.
        break
      case 'remake':
        // The run counts it as failed. The photo keeps what it has; one that was adopted may have nothing yet.
        await catalog.photos.fail(photoId, failureOf(error))
        break
      case 'sample':
        // Nothing of it was to be shown.
        break
      case 'fanout':
        // Who was not told sees the photo in the feed.
        break
    }
  }
}
