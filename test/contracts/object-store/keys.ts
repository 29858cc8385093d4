import type { ObjectStore } from '../../../src/storage/object-store.ts'

/** An empty store of the test's own. */
export type OpenStore = () => Promise<AsyncDisposable & { store: ObjectStore }>

export const JPEG = { contentType: 'image/jpeg' }

/** Each with its key for bytes. */
export async function putAll(store: ObjectStore, keys: readonly string[]) {
  await Promise.all(keys.map((key) => store.put(key, Buffer.from(key), JPEG)))
}

export async function keysOf(
  store: ObjectStore,
  prefix: string,
  options?: { after: string },
): Promise<string[]> {
  return await Array.fromAsync(store.list(prefix, options))
}
