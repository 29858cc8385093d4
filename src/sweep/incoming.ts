import { ID_HOURS } from '../catalog/photos/reserved-ids.ts'
import type { Log } from '../log.ts'
import { INCOMING_PREFIX, photoIdOfIncoming } from '../photo/object-keys.ts'
import { addedAt } from '../photo/photo-id.ts'
import type { RunKind } from '../runs/run-kind.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type KeeperEngines, proveKeeper } from './keeper.ts'

const HOUR_MS = 3_600_000
/** An hour after its id, so that nobody is completing it: also what came late, as by a slow phone, is nobody's then. */
const KEPT_MS = (ID_HOURS + 1) * HOUR_MS
const PAGE = 1_000

/** What clients put into the store and never completed is deleted. */
export const incoming: RunKind = {
  name: 'incoming',
  pauseMs: HOUR_MS,
  slices: () => [{}],
  work: async function* (engines, _part, log) {
    yield { cursor: null, done: await deleteIncoming(engines, log) }
  },
}

/**
 * Deletes what lies there whose id is too old to be completed; nothing that we could not have given the key of. Returns how
 * many there were. Throws as proveKeeper does.
 */
export async function deleteIncoming(
  { catalog, store }: KeeperEngines & { store: Pick<ObjectStore, 'delete'> },
  log: Log,
  now = new Date(),
): Promise<number> {
  let old: string[] = []
  let count = 0
  const deleteOld = async () => {
    await store.delete(old)
    count += old.length
    old = []
  }
  for await (const key of store.list(INCOMING_PREFIX)) {
    const id = photoIdOfIncoming(key)
    if (id === null || addedAt(id).getTime() + KEPT_MS > now.getTime()) continue
    if (count + old.length === 0) await proveKeeper({ catalog, store })
    old.push(key)
    if (old.length === PAGE) await deleteOld()
  }
  if (old.length > 0) await deleteOld()
  if (count > 0) log.info({ count }, 'direct uploads deleted that were never completed')
  return count
}
