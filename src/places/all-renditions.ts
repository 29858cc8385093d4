import { everyRenditionsPrefix } from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** Deletes every rendition object of a photo that was removed. */
export async function deleteRenditions(
  store: Pick<ObjectStore, 'delete' | 'list'>,
  id: PhotoId,
): Promise<void> {
  await store.delete(await listRenditions(store, id))
}

/** The keys of all renditions of a photo, wherever they lie. */
export async function listRenditions(store: Pick<ObjectStore, 'list'>, id: PhotoId): Promise<string[]> {
  const lists = everyRenditionsPrefix(id).map((prefix) => Array.fromAsync(store.list(prefix)))
  return (await Promise.all(lists)).flat()
}
