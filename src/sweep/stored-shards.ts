import {
  ORIGINALS_PREFIX,
  photoIdOfOriginal,
  photoIdOfRendition,
  RENDITIONS_PREFIXES,
} from '../photo/object-keys.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import { SHARD_COUNT, type Shard } from '../photo/shard.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** What the store has of some shards, next to each other in `SHARDS`: all keys of ours, by photo. */
export type StoredShards = { shards: Shard[]; photos: Map<PhotoId, string[]> }

/** All shards in the order in which a store lists them: 0, 1, 10, 100, 1000, 1001 … */
export const SHARDS: readonly Shard[] = Array.from({ length: SHARD_COUNT }, (_, shard) => String(shard))
  .sort()
  .map((text) => Number(text) as Shard)

const PREFIXES = [ORIGINALS_PREFIX, ...RENDITIONS_PREFIXES]
/** So many are asked of the catalog at once. With 100 million photos one shard has 12,000. */
const PHOTOS = 500
const MAX_SHARDS = 1_000

/**
 * Reads the shards at the places `from` up to but not `to`, in bundles of whole shards. Keys that we could not have
 * written are left out, so nothing is ever done to them.
 */
export async function* storedShards(
  store: Pick<ObjectStore, 'list'>,
  from: number,
  to: number,
): AsyncGenerator<StoredShards> {
  const lists = PREFIXES.map((prefix) => {
    const after = from === 0 ? '' : endOf(prefix, SHARDS[from - 1] as Shard)
    return { prefix, keys: new KeysInOrder(store.list(prefix, { after })) }
  })
  try {
    let bundle: StoredShards = { shards: [], photos: new Map() }
    for (const shard of SHARDS.slice(from, to)) {
      for (const { prefix, keys } of lists) add(bundle.photos, await keys.upTo(endOf(prefix, shard)))
      bundle.shards.push(shard)
      if (bundle.photos.size < PHOTOS && bundle.shards.length < MAX_SHARDS) continue
      yield bundle
      bundle = { shards: [], photos: new Map() }
    }
    if (bundle.shards.length > 0) yield bundle
  } finally {
    for (const { keys } of lists) await keys.end()
  }
}

/** All keys of ours that the store has of one photo. */
export async function storedPhoto(
  store: Pick<ObjectStore, 'list'>,
  prefixes: readonly string[],
): Promise<string[]> {
  const lists = await Promise.all(prefixes.map((prefix) => Array.fromAsync(store.list(prefix))))
  return lists.flat().filter((key) => photoIdOf(key) !== null)
}

/** Whose object a key names; null for one that we could not have written. */
export function photoIdOf(key: string): PhotoId | null {
  return photoIdOfOriginal(key) ?? photoIdOfRendition(key)
}

/** After every key of ours in the shard, and before the next shard. */
function endOf(prefix: string, shard: Shard): string {
  return `${prefix}${shard}/~`
}

function add(photos: Map<PhotoId, string[]>, keys: readonly string[]): void {
  for (const key of keys) {
    const id = photoIdOf(key)
    if (id === null) continue
    const known = photos.get(id)
    if (known) known.push(key)
    else photos.set(id, [key])
  }
}

/** Keys that come in order, taken in pieces. */
class KeysInOrder {
  readonly #keys: AsyncIterator<string>
  #next: IteratorResult<string> | null = null

  constructor(keys: AsyncIterable<string>) {
    this.#keys = keys[Symbol.asyncIterator]()
  }

  /** The next keys up to `last`. */
  async upTo(last: string): Promise<string[]> {
    const taken: string[] = []
    for (;;) {
      this.#next ??= await this.#keys.next()
      if (this.#next.done || this.#next.value > last) return taken
      taken.push(this.#next.value)
      this.#next = null
    }
  }

  async end(): Promise<void> {
    await this.#keys.return?.()
  }
}
