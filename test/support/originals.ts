import { originalKey } from '../../src/photo/object-keys.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'

/** Other bytes in the place of a JPEG original, which the store would not take beside those it has. */
export async function replaceOriginal(
  store: ObjectStore,
  id: PhotoId,
  bytes: Buffer = Buffer.from('torn'),
): Promise<void> {
  const key = originalKey(id, 'jpeg')
  await store.delete([key])
  await store.put(key, bytes, { contentType: 'image/jpeg' })
}
