import type { Look } from '../photo/look.ts'
import type { PhotoId } from '../photo/photo-id.ts'

/** A promise of work on one photo. It carries the photo's id and nothing else: the handler reads the row when it runs. */
export const JOB_KINDS = ['resize', 'filter', 'purge'] as const
export type JobKind = (typeof JOB_KINDS)[number]
export type Job = { kind: JobKind; photoId: PhotoId }

/**
 * The name that makes a job unique while it waits, runs or is kept as failed. BullMQ takes neither bare numbers
 * nor colons as ids.
 */
export function jobKey(job: Job): string {
  return `${job.kind}-${job.photoId}`
}

/** The jobs a photo of that look needs before it is ready. */
export function jobKindsFor(look: Look | null): readonly JobKind[] {
  return look ? ['resize', 'filter'] : ['resize']
}
