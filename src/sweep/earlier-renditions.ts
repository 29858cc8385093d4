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

const PAGE = 500

/** What nobody can see any more is gone within a quarter of an hour. */
export const earlierRenditions: RunKind = {
  name: 'earlier renditions',
  pauseMs: 600_000,
  slices: () => [{}],
  work: async function* (engines, _part, log) {
    yield { cursor: null, done: await sweepRenditions(engines, log) }
  },
}

/**
 * Deletes the editions that photos had before, once no delivery URL for them can be valid. Claimed first, so that no
 * change of look shows again what is being deleted; objects second, rows third, so that what a crash leaves undone is
 * known. Returns how many objects were deleted. Throws as proveKeeper does.
 */
export async function sweepRenditions(
  { catalog, store }: EarlierEngines,
  log: Log,
  now = new Date(),
): Promise<number> {
  await proveKeeper({ catalog, store })
  let deleted = 0
  for (;;) {
    const doomed = await catalog.renditions.doom(now, PAGE)
    for (const photo of doomed) {
      const keys = new Set(photo.renditions.map((rendition) => renditionKey(photo, rendition)))
      await store.delete([...keys])
      await catalog.renditions.forgetDoomed(photo)
      log.info({ photoId: photo.id, count: keys.size }, 'renditions of an earlier look deleted')
      deleted += keys.size
    }
    if (doomed.length === 0) return deleted
  }
}
