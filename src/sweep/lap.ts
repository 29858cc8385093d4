import type { Catalog } from '../catalog/catalog.ts'
import type { Stored } from '../catalog/storage-use.ts'
import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import { photoIdOfOriginal } from '../photo/object-keys.ts'
import { addedAt, type PhotoId } from '../photo/photo-id.ts'
import type { JobQueue } from '../queue/job-queue.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { compare } from './compare.ts'
import { mendMissing } from './missing-objects.ts'
import { NOTHING_STORED, withPhoto } from './stored-bytes.ts'
import { SHARDS, storedShards } from './stored-shards.ts'

export type LapEngines = { catalog: Catalog; queue: JobQueue; store: ObjectStore }

/**
 * How far a comparison of the whole store with the whole catalog has come. It can be kept as JSON, and gone on with
 * anywhere.
 */
export type Lap = {
  startedAt: number
  /** How many of `SHARDS` are done. */
  next: number
  /** Photos of which the store has something. */
  photos: number
  /** Those of them of which the catalog does not keep all that is there. */
  astray: number
  /** Those of them that have no row. */
  unknown: number
  /** Those of them that have an original and renditions: once they had a row. */
  forgotten: number
  /** Of those that may have strays the first `MAX_CANDIDATES`; the others are for the next lap. */
  candidates: PhotoId[]
  /** Renditions that are made again. */
  remade: number
  /** Photos whose original is not there any more. */
  withoutOriginal: number
  /** What photos have in the store; not there in a lap that was begun before this was counted. */
  stored?: Stored
}

const DAY_MS = 24 * 3_600_000
const MAX_CANDIDATES = 1_000
const MAX_TOLD = 20
/** So many of all photos may have leavings; with few photos so many in number. */
const MAX_PART = 0.01
const MAX_FEW = 20
/** And of very few photos half may have no row, or so many. */
const ALWAYS = 2

/** A lap that has compared nothing yet. */
export function startLap(now: Date): Lap {
  return {
    startedAt: now.getTime(),
    next: 0,
    photos: 0,
    astray: 0,
    unknown: 0,
    forgotten: 0,
    candidates: [],
    remade: 0,
    withoutOriginal: 0,
    stored: NOTHING_STORED,
  }
}

/**
 * Goes on with the lap up to the place `to`, in steps: each tells how many photos it compared. Nothing is deleted or
 * moved; renditions whose objects are missing are made again. Throws EngineUnavailableError when a database does not tell
 * what it keeps: its objects are not strays.
 */
export async function* walkOn(
  { catalog, queue, store }: LapEngines,
  lap: Lap,
  to: number,
  log: Log,
  now = new Date(),
): AsyncGenerator<number> {
  for await (const { shards, photos } of storedShards(store, lap.next, to)) {
    const before = lap.photos
    // After the list, so that what was put and recorded meanwhile is kept.
    const kept = await catalog.objects.ofShards(shards)
    for (const id of new Set([...photos.keys(), ...kept.keys()])) {
      const keys = photos.get(id) ?? []
      const photo = kept.get(id) ?? null
      const difference = compare(keys, photo)
      if (keys.length > 0) lap.photos += 1
      if (photo && lap.stored) lap.stored = withPhoto(lap.stored, photo)
      if (photo && (difference.isOriginalMissing || difference.missing.length > 0)) {
        const { remade, isOriginalLost } = await mendMissing(
          { catalog, queue, store },
          photo,
          difference,
          log,
        )
        lap.remade += remade
        if (isOriginalLost) tellLost(lap, id, log)
      }
      // An upload may be in flight. An id of a time to come is of a clock that was ahead: nobody knows how old it is.
      const isYoung = Math.abs(now.getTime() - addedAt(id).getTime()) < DAY_MS
      const isForgotten = difference.isForgotten && !(await isPurged(store, keys))
      const isAstray = isForgotten || difference.strays.length > 0
      // What was complete is no upload in flight: a database that was restored has lost the photos of the last hours.
      if (!isAstray || (photo === null && isYoung && !isForgotten)) continue
      lap.astray += 1
      if (photo === null) lap.unknown += 1
      if (isForgotten) lap.forgotten += 1
      else if (lap.candidates.length < MAX_CANDIDATES) lap.candidates.push(id)
    }
    lap.next += shards.length
    yield lap.photos - before
  }
}

/** Whether a photo that was complete when it was listed has been deleted since: a purge takes the original first. */
async function isPurged(store: ObjectStore, keys: readonly string[]): Promise<boolean> {
  const original = keys.find((key) => photoIdOfOriginal(key) !== null)
  return original !== undefined && (await store.head(original)) === null
}

/** Not for each: when all are lost, the log shall not be flooded. */
function tellLost(lap: Lap, photoId: PhotoId, log: Log): void {
  lap.withoutOriginal += 1
  if (lap.withoutOriginal > MAX_TOLD) return
  log.error({ photoId }, 'the original of a photo is missing: restore it from a backup of the objects')
}

/** Whether everything was compared. */
export function isWhole(lap: Lap): boolean {
  return lap.next === SHARDS.length
}

/**
 * Throws SetupError when more is astray than leavings can explain: then the catalog has lost its past, or it is not the
 * one that it seems to be, and nothing may be deleted. `accepted` is how many the operator knows of.
 */
export function refuseLoss(
  { photos, astray, unknown, forgotten }: Lap,
  storeName: string,
  accepted = 0,
): void {
  const part = Math.max(photos * MAX_PART, accepted)
  const few = Math.max(ALWAYS, Math.min(MAX_FEW, photos / 2))
  if (unknown <= Math.max(part, few) && astray <= Math.max(part, MAX_FEW)) return
  throw new SetupError(
    `The catalog does not know ${unknown} of the ${photos} photos in ${storeName} (${forgotten} are complete), and of ` +
      `${astray - unknown} not all: too much for leavings, so nothing is deleted. Was the database restored from an ` +
      `older backup? Restore a newer one; or, when they may go, run \`darkroom sweep --accept ${astray}\`.`,
  )
}
