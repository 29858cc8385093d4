import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import type { Cdn } from '../delivery/cdn.ts'
import type { Log } from '../log.ts'
import { renditionsPrefix } from '../photo/object-keys.ts'
import { clearPlaces } from '../places/left-places.ts'
import type { RunKind } from '../runs/run-kind.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type KeeperEngines, proveKeeper } from './keeper.ts'

/** As many as any CDN takes on at once. */
const PAGE = 150
/** The CDN's quotas are for a second. */
const PAUSE_MS = 1_000

export type TakeDownEngines = KeeperEngines & {
  catalog: Pick<Catalog, 'removals' | 'places'>
  store: Pick<ObjectStore, 'delete' | 'list'>
  cdn: Cdn
}

/**
 * Deleted photos, and places that photos have left, are gone from a CDN within seconds; where there is none, the last may
 * be left of one there was, and of places only what was not deleted at once.
 */
export function takenDown({ keepsCopies }: Pick<Cdn, 'keepsCopies'>): RunKind {
  return {
    name: 'take-down',
    pauseMs: keepsCopies ? 5_000 : 600_000,
    slices: () => [{}],
    work: async function* (engines, _part, log) {
      const cleared = await clearLeft(engines, log)
      yield { cursor: null, done: cleared + (await takeDown(engines, log)) }
    },
  }
}

/**
 * Clears the places that photos have left, which is done at once where they are changed unless something failed, and once
 * more when no job can put anything there any more. Returns how many photos had left one. Throws as clearPlaces does, and
 * as proveKeeper.
 */
export async function clearLeft(engines: TakeDownEngines, log: Log, now = new Date()): Promise<number> {
  let count = 0
  for (;;) {
    const left = (await engines.catalog.places.left(now, PAGE)).slice(0, PAGE)
    if (left.length === 0) return count
    await proveKeeper(engines)
    await clearPlaces(engines, left)
    count += left.length
    log.info({ count: left.length }, 'places that photos have left are cleared')
  }
}

/**
 * Makes the CDN forget its copies of photos that were removed, and then forgets the photos: the end of their purge.
 * Many at once, because a CDN takes on few invalidations and is paid for each. Returns how many were taken down. Throws
 * EngineUnavailableError when the CDN takes no more for now; the rest are taken down the next time.
 */
export async function takeDown(
  { catalog, cdn }: Pick<TakeDownEngines, 'catalog' | 'cdn'>,
  log: Log,
): Promise<number> {
  let count = 0
  for (;;) {
    const purged = await catalog.removals.purged(PAGE)
    if (purged.length === 0) return count
    if (count > 0) await sleep(PAUSE_MS)
    const copies = purged.map((place) => ({
      id: place.id,
      prefix: renditionsPrefix(place),
      occasion: 'removed',
    }))
    const taken = await cdn.invalidate(copies.slice(0, PAGE))
    await catalog.removals.forget(taken.map(({ id }) => id))
    count += taken.length
    log.info({ count: taken.length }, 'removed photos taken down from the CDN')
  }
}
