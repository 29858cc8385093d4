import type { PhotoId } from '../photo/photo-id.ts'
import type { Job } from '../queue/job.ts'
import type { RunKind } from '../runs/run-kind.ts'
import { throughJobs } from '../runs/through-jobs.ts'

/** The job that made a photo makes these too, or has promised one that does. */
const YOUNG_MS = 30_000

/**
 * Makes what photos that are ready should have and have not: of photos from before there was such a rendition, of jobs
 * that were lost or put off. Nobody waits for these, so the queue gets a window of them at a time.
 */
export const laterRenditions: RunKind = {
  name: 'later renditions',
  pauseMs: 15_000,
  slices: () => [{}],
  work: ({ catalog: { renditions }, queue }, part) =>
    throughJobs(queue, part, {
      next: async (cursor, limit) => {
        const since = new Date(Date.now() - YOUNG_MS)
        const photos = await renditions.withoutLater(since, cursor as PhotoId | null, limit)
        const jobs = photos.map(({ id, edition }): Job => ({ kind: 'finish', photoId: id, edition }))
        return { jobs, cursor: photos.at(-1)?.id ?? cursor, isLast: jobs.length === 0 }
      },
      look: async (jobs) => {
        const shown = await renditions.areWithoutLater(jobs.map(({ photoId }) => photoId))
        const editions = new Map(jobs.map(({ photoId, edition }) => [photoId, edition]))
        // Of one that is shown in another edition by now that is another job's.
        const same = shown.filter(({ id, edition }) => edition === editions.get(id))
        return new Map(same.map(({ id, isWithout }) => [id, isWithout ? 'due' : 'done']))
      },
      giveUp: async ({ photoId, edition = 0 }) => await renditions.giveUpLater(photoId, edition),
    }),
}
