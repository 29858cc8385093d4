import type { PhotoId } from '../photo/photo-id.ts'

/**
 * A promise of work on one photo. It carries ids and nothing else: the handler reads the row when it runs. `resize`
 * makes a photo as it was uploaded, `filter` an edition with another look, `avif` what an edition gets after it is shown,
 * where the job that made it left that out.
 */
const JOB_KINDS = ['resize', 'filter', 'purge', 'avif'] as const
export type JobKind = (typeof JOB_KINDS)[number]
export type Job = { kind: JobKind; photoId: PhotoId; edition?: number }

/**
 * The name that makes a job unique while it waits, runs or is kept as failed. BullMQ takes neither bare numbers
 * nor colons as ids.
 */
export function jobKey(job: Job): string {
  const { kind, photoId, edition } = job
  return edition === undefined ? `${kind}-${photoId}` : `${kind}-${photoId}-${edition}`
}

/** Jobs that nobody waits for begin when there are no others. */
export function isUrgent({ kind }: Job): boolean {
  return kind !== 'avif'
}
