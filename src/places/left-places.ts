import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import type { LeftPlaces } from '../catalog/photos/places.ts'
import type { Cdn } from '../delivery/cdn.ts'
import type { ObjectStore } from '../storage/object-store.ts'

export type LeftEngines = {
  catalog: Pick<Catalog, 'places'>
  store: Pick<ObjectStore, 'delete' | 'list'>
  cdn: Pick<Cdn, 'invalidate'>
}

/** The CDN's quotas are for a second. */
const PAUSE_MS = 1_000

/**
 * Deletes all that lies in places which photos have left, makes the edge forget its copies, and notes of each photo that
 * this is done. May be repeated. Throws EngineUnavailableError when the store or the edge does not do it for now.
 */
export async function clearPlaces(
  { catalog, store, cdn }: LeftEngines,
  left: readonly LeftPlaces[],
): Promise<void> {
  for (const each of left) await emptyPlaces(store, each)
  let copies = left.flatMap(({ id, prefixes, dueAt }) =>
    prefixes.map((prefix) => ({ id, prefix, occasion: dueAt })),
  )
  let uncleared = [...left]
  while (copies.length > 0) {
    copies = copies.slice((await cdn.invalidate(copies)).length)
    const held = new Set(copies.map(({ id }) => id))
    for (const each of uncleared) if (!held.has(each.id)) await catalog.places.cleared(each)
    uncleared = uncleared.filter(({ id }) => held.has(id))
    if (copies.length > 0) await sleep(PAUSE_MS)
  }
}

/** Deletes all that lies there: also what a job put that began before the photo left. */
export async function emptyPlaces(store: LeftEngines['store'], { prefixes }: LeftPlaces): Promise<void> {
  for (const prefix of prefixes) await store.delete(await Array.fromAsync(store.list(prefix)))
}
