import type { BucketToRead } from '../../src/import/source.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'

/** A store as a bucket to import from, of which nobody asks the entity tags. */
export function asSourceBucket(store: ObjectStore): BucketToRead {
  const look = async (key: string) => {
    const found = await store.head(key)
    return found && { ...found, etag: null }
  }
  return {
    open: async (key) => await store.open(key),
    read: async (key) => await store.read(key),
    look,
    entries: async function* (prefix) {
      for await (const key of store.list(prefix)) {
        const found = await look(key)
        if (found) yield found
      }
    },
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
  }
}
