import type { Trace } from '../log.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { OwnerId } from '../photo/shard.ts'

/**
 * A promise of work on one photo. It carries ids and nothing else: the handler reads the row when it runs. `resize`
 * makes a photo as it was uploaded, `import` one that was imported, `filter` an edition with another look or focus,
 * `finish` what an edition gets after it is shown, where the job that made it left that out; `purge` deletes what a
 * removed photo had; `remake` makes an edition in the look that the photo has, for a run, and
 * `sample` makes the same and shows it to nobody, to know what it takes; `fanout` tells the app of a new photo whom it is for.
 */
const JOB_KINDS = ['resize', 'import', 'filter', 'finish', 'purge', 'remake', 'sample', 'fanout'] as const
export type JobKind = (typeof JOB_KINDS)[number]
/** `trace` is of the request that asked for it, for the log. */
export type Job = {
  kind: JobKind
  photoId: PhotoId
  edition?: number
  run?: number
  page?: FollowersPage
  trace?: Trace
}

/** Of the followers of a new photo's owner those after `after`; `event` is that by which others came to know of it. */
export type FollowersPage = { number: number; event: PhotoId; after: OwnerId | null }

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
  fanout: 'batch',
}

export function laneOf({ kind }: Job): Lane {
  return LANE_OF[kind]
}

/**
 * The name that makes a job unique while it waits, runs or is kept as failed. BullMQ takes neither bare numbers
 * nor colons as ids.
 */
export function jobKey(job: Job): string {
  const { kind, photoId, edition, page } = job
  const number = edition ?? page?.number
  return number === undefined ? `${kind}-${photoId}` : `${kind}-${photoId}-${number}`
}

/** The kind of the job that has the key; a newer Darkroom may have kinds that we don't know. */
export function kindOfKey(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf('-')))
}
