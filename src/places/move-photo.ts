import type { Catalog } from '../catalog/catalog.ts'
import type { Cdn } from '../delivery/cdn.ts'
import { EngineUnavailableError, ObjectNotFoundError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Place, renditionKey, renditionName, renditionsPrefix } from '../photo/object-keys.ts'
import type { Photo, Visibility } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import { newSecret } from '../photo/secret.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { clearPlaces, emptyPlaces } from './left-places.ts'

export type PlaceEngines = {
  catalog: Pick<Catalog, 'places'>
  store: Pick<ObjectStore, 'copy' | 'delete' | 'list'>
  cdn: Cdn
}

/** More would mean that somebody does nothing but change this photo. */
const ATTEMPTS = 20

/**
 * Gives a photo the visibility, or that which it has by now when none is named, and with it a secret: so its renditions
 * get another place. Copies first; then one statement shows them; then all of the place before is deleted, and URLs for
 * it stop working. A crash leaves copies that nobody has, which the comparison of objects finds, or a place to be
 * deleted, which the catalog knows. Nothing happens when the photo has both already, or is not there.
 *
 * Throws EngineUnavailableError when the store does not copy, and when the photo changes all the time.
 */
export async function movePhoto(
  { catalog, store, cdn }: PlaceEngines,
  id: PhotoId,
  wanted: Visibility | null,
  log: Log,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await catalog.places.read(id)
    if (!found) return
    const visibility = wanted ?? found.photo.visibility
    if (found.photo.visibility === visibility && found.photo.secret !== null)
      return await catalog.places.tellAgain(found.photo)

    const to = { id, visibility, secret: newSecret() }
    await copyRenditions(store, found.photo, to)
    if (await catalog.places.move(found, to)) return await clearAtOnce({ catalog, store, cdn }, id, log)
    await store.delete(found.photo.renditions.map((rendition) => renditionKey(to, rendition)))
  }
  throw new EngineUnavailableError('The photo is being changed by others all the time.')
}

async function copyRenditions(store: PlaceEngines['store'], photo: Photo, to: Place): Promise<void> {
  // Presets may share an object.
  const names = new Set(photo.renditions.map(renditionName))
  const copied = await Promise.allSettled(
    [...names].map((name) => store.copy(renditionsPrefix(photo) + name, renditionsPrefix(to) + name)),
  )
  const failed = copied.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
  // What is not there was moved or deleted meanwhile, and the statement tells; or it is lost, and is made again.
  const [first] = failed.filter((error) => !(error instanceof ObjectNotFoundError))
  if (first !== undefined) throw first
}

/** The photo is where it shall be, whatever becomes of this. */
async function clearAtOnce({ catalog, store, cdn }: PlaceEngines, id: PhotoId, log: Log): Promise<void> {
  try {
    const left = await catalog.places.leftBy(id)
    if (left === null) return
    if (cdn.keepsCopies) await emptyPlaces(store, left)
    else await clearPlaces({ catalog, store, cdn }, [left])
  } catch (err) {
    log.warn({ photoId: id, err }, 'the place that a photo has left is not cleared yet: the sweep does it')
  }
}
