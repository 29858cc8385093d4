import type { Catalog } from '../catalog/catalog.ts'
import { ID_HOURS } from '../catalog/photos/reserved-ids.ts'
import type { Log } from '../log.ts'
import { chunkKey, photoIdOfChunk, UPLOADS_PREFIX } from '../photo/object-keys.ts'
import { addedAt, firstIdAt } from '../photo/photo-id.ts'
import type { RunKind } from '../runs/run-kind.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type KeeperEngines, proveKeeper } from './keeper.ts'

export type UploadEngines = KeeperEngines & {
  catalog: Pick<Catalog, 'uploads'>
  store: Pick<ObjectStore, 'delete' | 'list'>
}

const HOUR_MS = 3_600_000
const PAGE = 200

/** Uploads that nobody has gone on with in time are gone within the hour. */
export const oldUploads: RunKind = {
  name: 'old uploads',
  pauseMs: 900_000,
  slices: () => [{}],
  work: async function* (engines, _part, log) {
    yield { cursor: null, done: await sweepUploads(engines, log) }
  },
}

/**
 * Deletes uploads that are too old to be gone on with. Objects first, so that what a crash leaves undone is known. Returns how
 * many there were. Throws as proveKeeper does.
 */
export async function sweepUploads(
  { catalog, store }: UploadEngines,
  log: Log,
  now = new Date(),
): Promise<number> {
  await proveKeeper({ catalog, store })
  const end = firstIdAt(new Date(now.getTime() - ID_HOURS * HOUR_MS))
  for (let count = 0; ; ) {
    const old = await catalog.uploads.before(end, PAGE)
    if (old.length === 0) return count
    await store.delete(old.flatMap(({ id, chunks }) => chunks.map((chunk) => chunkKey(id, chunk))))
    for (const { id, owner } of old) await catalog.uploads.remove(id, owner)
    log.info({ count: old.length }, 'uploads deleted that were never completed')
    count += old.length
  }
}

/**
 * Deletes what servers that were killed had put of uploads and not recorded, once these are over for a day. Nothing that we
 * could not have written. Throws as proveKeeper does.
 */
export async function deleteLostChunks(
  { catalog, store }: UploadEngines,
  log: Log,
  now = new Date(),
): Promise<void> {
  await proveKeeper({ catalog, store })
  const end = now.getTime() - 2 * ID_HOURS * HOUR_MS
  const lost: string[] = []
  const deleteAll = async () => {
    if (lost.length > 0) log.warn({ count: lost.length }, 'objects deleted that no upload has')
    await store.delete(lost.splice(0))
  }
  for await (const key of store.list(UPLOADS_PREFIX)) {
    const id = photoIdOfChunk(key)
    if (id !== null && addedAt(id).getTime() < end) lost.push(key)
    if (lost.length === PAGE) await deleteAll()
  }
  await deleteAll()
}
