import { SetupError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isWhole, type Lap, type LapEngines, refuseLoss, startLap, walkOn } from './lap.ts'
import { deleteExpired, quarantineStrays, restoreKept } from './quarantine.ts'
import { SHARDS } from './stored-shards.ts'

export type ObjectsReport = Pick<Lap, 'remade' | 'withoutOriginal' | 'forgotten'> & {
  quarantined: number
  deleted: number
}

export type ObjectsOptions = {
  quarantineDays: number
  /** So many photos may be astray, more than leavings explain: the operator knows of them. */
  accepted?: number
  now?: Date
}

const DAY_MS = 24 * 3_600_000
/** After a time in which no server ran, a lap catches up with many shards at once, but not with all. */
const MAX_AT_ONCE = 100

/**
 * Gives photos back what lies in the quarantine, compares all of the store with all of the catalog, and then deletes
 * what may be deleted. Throws SetupError when that can't be proven; then nothing is deleted.
 */
export async function sweepObjects(
  engines: LapEngines,
  options: ObjectsOptions,
  log: Log,
): Promise<ObjectsReport> {
  const { now = new Date() } = options
  await restoreKept(engines, log)
  const lap = startLap(now)
  await walkOn(engines, lap, SHARDS.length, log, { now })
  return await finishLap(engines, lap, options, log)
}

/**
 * Does the part of the same that is due: a lap takes a day, and is kept after every step, so that any server can go on
 * with it. A refusal is logged, and the next lap begins. Returns what is to be kept until the next time, null when the
 * lap is done.
 */
export async function sweepObjectsOn(
  engines: LapEngines,
  kept: Lap | null,
  options: ObjectsOptions & { keep(lap: Lap): Promise<void> },
  log: Log,
): Promise<Lap | null> {
  const { now = new Date(), keep } = options
  if (kept === null) await restoreKept(engines, log)
  const lap = kept ?? startLap(now)
  const due = Math.floor(((now.getTime() - lap.startedAt) / DAY_MS) * SHARDS.length)
  const to = Math.min(due, lap.next + MAX_AT_ONCE, SHARDS.length)
  if (to > lap.next) await walkOn(engines, lap, to, log, { now, keep })
  if (!isWhole(lap)) return lap
  try {
    const report = await finishLap(engines, lap, options, log)
    log.info({ photos: lap.photos, ...report }, 'all objects compared with the catalog')
  } catch (err) {
    if (!(err instanceof SetupError)) throw err
    log.error({ err }, 'no object was deleted')
  }
  return null
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
  const { remade, withoutOriginal, forgotten } = lap
  return { quarantined, deleted, remade, withoutOriginal, forgotten }
}
