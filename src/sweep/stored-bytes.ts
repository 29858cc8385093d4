import type { KeptPhoto } from '../catalog/photos/kept-objects.ts'
import type { Stored } from '../catalog/storage-use.ts'
import { renditionKey } from '../photo/object-keys.ts'

export const NOTHING_STORED: Stored = { photos: 0, objects: 0, originalBytes: 0, renditionBytes: 0 }

/** Adds what a photo has in the store, each object once: presets may share one. One that is removed has nothing soon. */
export function withPhoto(sum: Stored, photo: KeptPhoto): Stored {
  if (photo.isRemoved) return sum
  const bytes = new Map(photo.renditions.map((each) => [renditionKey(photo, each), each.bytes]))
  const isOurs = photo.format !== null
  return {
    photos: sum.photos + 1,
    objects: sum.objects + bytes.size + Number(isOurs),
    originalBytes: sum.originalBytes + (isOurs ? photo.bytes : 0),
    renditionBytes: bytes.values().reduce((total, each) => total + each, sum.renditionBytes),
  }
}
