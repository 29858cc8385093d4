import type { Trace } from '../log.ts'
import type { PhotoId } from '../photo/photo-id.ts'

/**
 * A promise of work on one photo. It carries ids and nothing else: the handler reads the row when it runs. `resize`
 * makes a photo as it was uploaded, `import` one that was imported, `filter` an edition with another look or focus,
 * `finish` what an edition gets after it is shown, where the job that made it left that out; `purge` deletes what a
 * removed photo had; `remake` makes an edition in the look that the photo has, for a run, and
 * `sample` makes the same and shows it to nobody, to know what it takes.
 */
const JOB_KINDS = ['resize', 'import', 'filter', 'finish', 'purge', 'remake', 'sample'] as const
export type JobKind = (typeof JOB_KINDS)[number]
/** `trace` is of the request that asked for it, for the log. */
export type Job = { kind: JobKind; photoId: PhotoId; edition?: number; run?: number; trace?: Trace }

/** Somebody waits for `live` jobs, and nobody for `batch` jobs. Each lane is a queue of its own, with workers of its own. */
export const LANES = ['live', 'batch'] as const
export type Lane = (typeof LANES)[number]

const LANE_OF: Record<JobKind, Lane> = {
  resize: 'live',
  import: 'batch',
  filter: 'live',
  finish: 'batch',
  purge: 'batch',
  remake: 'batch',
  sample: 'batch',
}

export function laneOf({ kind }: Job): Lane {
  return LANE_OF[kind]
}

/**
 * The name that makes a job unique while it waits, runs or is kept as failed. BullMQ takes neither bare numbers
 * nor colons as ids.
 */
export function jobKey(job: Job): string {
  const { kind, photoId, edition } = job
  return edition === undefined ? `${kind}-${photoId}` : `${kind}-${photoId}-${edition}`
}

/** The kind of the job that has the key; a newer Darkroom may have kinds that we don't know. */
export function kindOfKey(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('-')))
}
