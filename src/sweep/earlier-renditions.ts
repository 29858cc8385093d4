import type { Catalog } from '../catalog/catalog.ts'
import type { Log } from '../log.ts'
import { renditionKey } from '../photo/object-keys.ts'
import type { RunKind } from '../runs/run-kind.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type KeeperEngines, proveKeeper } from './keeper.ts'

export type EarlierEngines = KeeperEngines & {
  catalog: Pick<Catalog, 'renditions'>
  store: Pick<ObjectStore, 'delete'>
}

const SECOND_MS = 1000
/** A reply that was begun before a change of look may sign its URLs that much later. */
const SIGNED_LATE_MS = 600 * SECOND_MS
const PAGE = 500

/** What nobody can see any more is gone within a quarter of an hour. */
export function earlierRenditions({ lifeSeconds }: { lifeSeconds: number }): RunKind {
  return {
    name: 'earlier renditions',
    pauseMs: 600_000,
    slices: () => [{}],
    work: async function* (engines, _part, log) {
      yield { cursor: null, done: await sweepRenditions(engines, lifeSeconds, log) }
    },
  }
}

/**
 * Deletes the renditions of looks that photos had before, once no delivery URL for them can be valid: URLs live
 * for `lifeSeconds` at most. Claimed first, so that no change of look shows again what is being deleted; objects
 * second, rows third, so that what a crash leaves undone is known. Returns how many were deleted. Throws as proveKeeper
 * does.
 */
export async function sweepRenditions(
  { catalog, store }: EarlierEngines,
  lifeSeconds: number,
  log: Log,
  now = new Date(),
): Promise<number> {
  await proveKeeper({ catalog, store })
  const since = new Date(now.getTime() - lifeSeconds * SECOND_MS - SIGNED_LATE_MS)
  let deleted = 0
  for (;;) {
    const doomed = await catalog.renditions.doom(since, PAGE)
    for (const photo of doomed) {
      await store.delete(photo.renditions.map((rendition) => renditionKey(photo, rendition)))
      await catalog.renditions.forgetDoomed(photo)
      log.info({ photoId: photo.id, count: photo.renditions.length }, 'renditions of an earlier look deleted')
      deleted += photo.renditions.length
    }
    if (doomed.length === 0) return deleted
  }
}
