import type { Catalog } from '../catalog/catalog.ts'
import type { Log } from '../log.ts'
import {
  everyRenditionsPrefix,
  isScratchKey,
  keyBeforeQuarantine,
  originalsPrefix,
  QUARANTINE_PREFIX,
  quarantineKey,
  SCRATCH_PREFIX,
} from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { compare, keeps } from './compare.ts'
import { proveKeeper } from './keeper.ts'
import { photoIdOf, storedPhoto } from './stored-shards.ts'

export type QuarantineEngines = {
  catalog: Pick<Catalog, 'installation' | 'objects'>
  store: ObjectStore
}

const DAY_MS = 24 * 3_600_000
const PAGE = 200

/**
 * Moves the strays of these photos to the quarantine, if they are strays still and were put a day ago or earlier: all
 * is looked up afresh, so it does not matter how old the list is. What was recorded in the same moment goes back.
 * Returns how many were moved. Throws as proveKeeper does.
 */
export async function quarantineStrays(
  { catalog, store }: QuarantineEngines,
  ids: readonly PhotoId[],
  log: Log,
  now = new Date(),
): Promise<number> {
  await proveKeeper({ catalog, store })
  let moved = 0
  for (const page of pagesOf(ids)) {
    const stored = await Promise.all(
      page.map(async (id) => await storedPhoto(store, [originalsPrefix(id), ...everyRenditionsPrefix(id)])),
    )
    const kept = await catalog.objects.ofPhotos(page)
    const strays = page.flatMap((id, index) => compare(stored[index] ?? [], kept.get(id) ?? null).strays)
    const old = await filterOld(store, strays, now.getTime() - DAY_MS)
    for (const key of old) {
      await store.move(key, quarantineKey(key))
      log.warn({ key }, 'object that no photo has moved to the quarantine')
    }
    moved += old.length - (await restore({ catalog, store }, old.map(quarantineKey), log)).length
  }
  return moved
}

/**
 * Gives photos back what they have and what lies in the quarantine, as after a database was restored. Returns how many
 * objects went back. Throws as proveKeeper does.
 */
export async function restoreKept(engines: QuarantineEngines, log: Log): Promise<number> {
  await proveKeeper(engines)
  let restored = 0
  for await (const page of quarantined(engines.store)) restored += (await restore(engines, page, log)).length
  return restored
}

/**
 * Deletes what has been in the quarantine for so many days and no photo has. Returns how many objects were deleted.
 * Throws as proveKeeper does.
 */
export async function deleteExpired(
  engines: QuarantineEngines,
  days: number,
  log: Log,
  now = new Date(),
): Promise<number> {
  await proveKeeper(engines)
  let deleted = 0
  for await (const page of quarantined(engines.store)) {
    const restored = await restore(engines, page, log)
    const rest = page.filter((key) => !restored.includes(key))
    const expired = await filterOld(engines.store, rest, now.getTime() - days * DAY_MS)
    await engines.store.delete(expired)
    for (const key of expired) log.warn({ key }, 'object deleted that no photo has')
    deleted += expired.length
  }
  return deleted
}

/**
 * Deletes what was made to reckon with a day ago and is there yet, as its worker and its run came to no end. Nothing that
 * we could not have written. Throws as proveKeeper does.
 */
export async function deleteScratch(engines: QuarantineEngines, log: Log, now = new Date()): Promise<void> {
  await proveKeeper(engines)
  const keys = (await Array.fromAsync(engines.store.list(SCRATCH_PREFIX))).filter(isScratchKey)
  for (const page of pagesOf(keys)) {
    const old = await filterOld(engines.store, page, now.getTime() - DAY_MS)
    await engines.store.delete(old)
    for (const key of old) log.warn({ key }, 'object deleted that was made to reckon with')
  }
}

/** Keys in the quarantine that we could have put there, in pages. */
async function* quarantined(store: ObjectStore): AsyncIterable<string[]> {
  const keys = await Array.fromAsync(store.list(QUARANTINE_PREFIX))
  yield* pagesOf(keys.filter((key) => photoIdOf(keyBeforeQuarantine(key)) !== null))
}

/** Returns those of the quarantined keys that went back. */
async function restore(
  { catalog, store }: QuarantineEngines,
  quarantined: readonly string[],
  log: Log,
): Promise<string[]> {
  const idOf = (key: string) => photoIdOf(keyBeforeQuarantine(key)) as PhotoId
  const kept = await catalog.objects.ofPhotos([...new Set(quarantined.map(idOf))])
  const wanted = quarantined.filter((key) => keeps(kept.get(idOf(key)) ?? null, keyBeforeQuarantine(key)))
  for (const key of wanted) {
    await store.move(key, keyBeforeQuarantine(key))
    log.warn({ key: keyBeforeQuarantine(key) }, 'object moved back from the quarantine: a photo has it')
  }
  return wanted
}

async function filterOld(store: ObjectStore, keys: readonly string[], before: number): Promise<string[]> {
  const found = await Promise.all(keys.map((key) => store.head(key)))
  return found.flatMap((each) => (each && each.modifiedAt.getTime() < before ? [each.key] : []))
}

function pagesOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / PAGE) }, (_, page) =>
    items.slice(page * PAGE, (page + 1) * PAGE),
  )
}
