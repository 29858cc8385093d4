import type { Look } from '../photo/look.ts'
import type { PhotoId } from '../photo/photo-id.ts'

/**
 * A promise of work on one photo. It carries ids and nothing else: the handler reads the row when it runs. A
 * `filter` job of an edition changes a photo's look; one without makes the look it was uploaded with. An `avif`
 * job makes what a photo gets after it is ready, in the edition it was of then.
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

/** The jobs a photo of that look needs before it is ready. */
export function jobKindsFor(look: Look | null): readonly JobKind[] {
  return look ? ['resize', 'filter'] : ['resize']
}

/** Jobs that nobody waits for begin when there are no others. */
export function isUrgent({ kind }: Job): boolean {
  return kind !== 'avif'
}
