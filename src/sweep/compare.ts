import type { KeptPhoto, KeptRendition } from '../catalog/photos/kept-objects.ts'
import { originalKey, photoIdOfOriginal, renditionKey } from '../photo/object-keys.ts'

/** In what the store's objects of one photo differ from those that the catalog keeps. */
export type Difference = {
  /** Objects that nothing will ever ask for: of an upload without a row, or put and not recorded. */
  strays: string[]
  /** An original and renditions, but no row: the catalog had it once. */
  isForgotten: boolean
  isOriginalMissing: boolean
  /** Shown to viewers, but not there. */
  missing: KeptRendition[]
}

const NONE: Difference = { strays: [], isForgotten: false, isOriginalMissing: false, missing: [] }

/**
 * Compares a photo's keys in the store with what the catalog keeps of it; null when it has no such photo. The keys
 * must have been read first, for objects are put before they are recorded.
 *
 * Of a photo that waits for a job nothing is a stray, as it may be about to be recorded; nor of one that is removed,
 * whose purge deletes everything. Renditions are only made of what had a row, and a purge takes the original first:
 * so an original and renditions without a row are no leavings, but a loss, and nothing of them is a stray.
 */
export function compare(keys: readonly string[], photo: KeptPhoto | null): Difference {
  if (photo === null) {
    const originals = keys.filter((key) => photoIdOfOriginal(key) !== null)
    const isForgotten = originals.length > 0 && originals.length < keys.length
    return { ...NONE, isForgotten, strays: isForgotten ? [] : [...keys] }
  }
  if (photo.isRemoved) return NONE
  const stored = new Set(keys)
  const isOriginalMissing = photo.format !== null && !stored.has(originalKey(photo.id, photo.format))
  if (!photo.isSettled) return { ...NONE, isOriginalMissing }

  // An original in another format is of an upload under the same id that came too late.
  const rest = photo.format === null ? keys.filter((key) => photoIdOfOriginal(key) === null) : keys
  const shown = photo.renditions.filter(({ isShown }) => isShown)
  // Presets may share an object.
  const needed = new Map(shown.map((rendition) => [renditionKey(photo, rendition), rendition]))
  return {
    strays: rest.filter((key) => !keeps(photo, key)),
    isForgotten: false,
    isOriginalMissing,
    missing: [...needed].filter(([key]) => !stored.has(key)).map(([, rendition]) => rendition),
  }
}

/** Whether the photo needs the object. */
export function keeps(photo: KeptPhoto | null, key: string): boolean {
  if (photo === null || photo.isRemoved) return false
  if (photo.format !== null && key === originalKey(photo.id, photo.format)) return true
  return photo.renditions.some((rendition) => key === renditionKey(photo, rendition))
}
