import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { RunKind, Step } from '../runs/run-kind.ts'
import { isWhole, type Lap, type LapEngines, refuseLoss, startLap, walkOn } from './lap.ts'
import { deleteLostChunks } from './old-uploads.ts'
import { deleteExpired, deleteScratch, quarantineStrays, restoreKept } from './quarantine.ts'
import { SHARDS } from './stored-shards.ts'

export type ObjectsReport = Pick<Lap, 'remade' | 'withoutOriginal' | 'forgotten'> & {
  quarantined: number
  deleted: number
}

export type ObjectsOptions = {
  quarantineDays: number
  /** So many photos may be astray, more than leavings explain: the operator knows of them. */
  accepted?: number
  /** The lap takes a day: only what is due of it is done. */
  isPaced?: boolean
  now?: Date
}

const DAY_MS = 24 * 3_600_000
const MINUTE_MS = 60_000
/** After a time in which no server ran, a lap catches up with many shards at once, but not with all. */
const MAX_AT_ONCE = 100

/** Compares all objects with the catalog, within a day; a run that somebody started, `accepted` being theirs, at once. */
export function comparedObjects({ quarantineDays }: { quarantineDays: number }): RunKind {
  return {
    name: 'objects',
    pauseMs: MINUTE_MS,
    slices: () => [{}],
    work: (engines, { cursor, selection, recurs }, log) => {
      const { accepted = 0 } = selection as { accepted?: number }
      return sweepObjectsOn(engines, cursor as Lap | null, { quarantineDays, accepted, isPaced: recurs }, log)
    },
  }
}

/** All of it, here and now. Throws as sweepObjectsOn does. */
export async function sweepObjects(
  engines: LapEngines,
  options: ObjectsOptions,
  log: Log,
): Promise<ObjectsReport> {
  let report = { quarantined: 0, deleted: 0, remade: 0, withoutOriginal: 0, forgotten: 0 }
  for await (const { tally } of sweepObjectsOn(engines, null, options, log)) report = { ...report, ...tally }
  return report
}

/**
 * Gives photos back what lies in the quarantine, compares all of the store with all of the catalog, and then deletes
 * what may be deleted. The cursor is the lap. Throws SetupError when it can't be proven that something may be deleted;
 * then nothing is, and the next lap begins.
 */
export async function* sweepObjectsOn(
  engines: LapEngines,
  kept: Lap | null,
  options: ObjectsOptions,
  log: Log,
): AsyncGenerator<Step> {
  const { now = new Date(), isPaced = false } = options
  if (kept === null) await restoreKept(engines, log)
  const lap = kept ?? startLap(now)
  const to = isPaced ? placeAt(lap, now) : SHARDS.length
  if (to > lap.next) for await (const done of walkOn(engines, lap, to, log, now)) yield { cursor: lap, done }
  if (!isWhole(lap)) {
    yield { cursor: lap, dueInMs: MINUTE_MS }
    return
  }
  try {
    const tally = await finishLap(engines, lap, options, log)
    log.info({ photos: lap.photos, ...tally }, 'all objects compared with the catalog')
    yield { cursor: null, tally }
  } catch (error) {
    if (error instanceof SetupError) yield { cursor: null }
    throw error
  }
}

/** Where a lap should be by now. */
function placeAt({ startedAt, next }: Lap, now: Date): number {
  const due = Math.floor(((now.getTime() - startedAt) / DAY_MS) * SHARDS.length)
  return Math.min(due, next + MAX_AT_ONCE, SHARDS.length)
}

async function finishLap(
  engines: LapEngines,
  lap: Lap,
  { quarantineDays, accepted = 0, now = new Date() }: ObjectsOptions,
  log: Log,
): Promise<ObjectsReport> {
  refuseLoss(lap, engines.store.name, accepted)
  if (lap.forgotten > 0) {
    log.error(
      { count: lap.forgotten },
      'photos are complete but have no row, as after the restore of an older database: restore a newer one; they are left as they are',
    )
  }
  const quarantined = await quarantineStrays(engines, lap.candidates, log, now)
  const deleted = await deleteExpired(engines, quarantineDays, log, now)
  await deleteScratch(engines, log, now)
  await deleteLostChunks(engines, log, now)
  if (lap.stored) await engines.catalog.storageUse.record(lap.stored)
  const { remade, withoutOriginal, forgotten } = lap
  return { quarantined, deleted, remade, withoutOriginal, forgotten }
}
