import { ObjectNotFoundError, OriginalMissingError } from '../../src/errors.ts'
import { originalKey } from '../../src/photo/object-keys.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { Preset } from '../../src/photo/presets.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import type { WorkerEngines } from '../engines.ts'
import { type DecodedPhoto, decodePhoto } from '../renditions/decoded-photo.ts'

/** Fetches the photo's original and decodes it. Throws FilterMissingError, OriginalMissingError, and as decodePhoto does. */
export async function decodeOriginal(
  { store, filters, maxPixels }: WorkerEngines,
  { id, original, look, focus }: Pick<Photo, 'id' | 'original' | 'look' | 'focus'>,
  presets: readonly Preset[],
): Promise<DecodedPhoto> {
  // Before the original is fetched: a job that lacks it comes again and again.
  if (look) filters.get(look.filter)
  const bytes = await readOriginal(store, originalKey(id, original.format))
  return await decodePhoto(bytes, { look, focus, presets }, { maxPixels, filters })
}

async function readOriginal(store: ObjectStore, key: string): Promise<Buffer> {
  try {
    return await store.read(key)
  } catch (error) {
    if (error instanceof ObjectNotFoundError) throw new OriginalMissingError({ cause: error })
    throw error
  }
}
