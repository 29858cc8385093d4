import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import type { Cdn } from '../delivery/cdn.ts'
import type { Log } from '../log.ts'
import type { RunKind } from '../runs/run-kind.ts'

/** As many as any CDN takes on at once. */
const PAGE = 150
/** The CDN's quotas are for a second. */
const PAUSE_MS = 1_000

export type TakeDownEngines = { catalog: Pick<Catalog, 'removals'>; cdn: Cdn }

/**
 * Deleted photos are gone from a CDN within seconds; where there is none, the last may be left of one there was.
 */
export function takenDown({ keepsCopies }: Pick<Cdn, 'keepsCopies'>): RunKind {
  return {
    name: 'take-down',
    pauseMs: keepsCopies ? 5_000 : 600_000,
    slices: () => [{}],
    work: async function* (engines, _part, log) {
      yield { cursor: null, done: await takeDown(engines, log) }
    },
  }
}

/**
 * Makes the CDN forget its copies of photos that were removed, and then forgets the photos: the end of their purge.
 * Many at once, because a CDN takes on few invalidations and is paid for each. Returns how many were taken down. Throws
 * EngineUnavailableError when the CDN takes no more for now; the rest are taken down the next time.
 */
export async function takeDown({ catalog, cdn }: TakeDownEngines, log: Log): Promise<number> {
  let count = 0
  for (;;) {
    const purged = await catalog.removals.purged(PAGE)
    if (purged.length === 0) return count
    if (count > 0) await sleep(PAUSE_MS)
    const taken = await cdn.invalidate(purged.slice(0, PAGE))
    await catalog.removals.forget(taken.map(({ id }) => id))
    count += taken.length
    log.info({ count: taken.length }, 'removed photos taken down from the CDN')
  }
}
