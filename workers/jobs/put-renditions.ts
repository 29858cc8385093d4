import { renditionKey, renditionsPrefix } from '../../src/photo/object-keys.ts'
import type { Photo, Rendition } from '../../src/photo/photo.ts'
import { RENDITION_FORMATS } from '../../src/photo/rendition-formats.ts'
import { deleteRenditions } from '../../src/places/all-renditions.ts'
import type { WorkerEngines } from '../engines.ts'
import type { DecodedPhoto } from '../renditions/decoded-photo.ts'
import { makeRenditions, type RenditionFile, type Wish } from '../renditions/make-renditions.ts'
import { free } from '../renditions/pixels.ts'
import type { Destination } from './destination.ts'

/**
 * Makes renditions of the decoded photo and puts them; nothing is recorded. Who records them does so afterwards: a
 * recorded rendition always has its bytes. Doing it again puts the same bytes under the same keys. What `check` throws of
 * a file comes before that is put.
 */
export async function putRenditions(
  { store }: { store: Pick<Destination, 'put'> },
  photo: Photo,
  decoded: DecodedPhoto,
  wish: Wish,
  check: (file: RenditionFile) => Promise<void> = async () => {},
): Promise<Rendition[]> {
  const made = await makeRenditions(decoded, wish, async (rendition) => {
    await check(rendition)
    const { contentType } = RENDITION_FORMATS[rendition.format]
    await store.put(renditionKey(photo, rendition), rendition.body, { contentType })
  })
  free(made.map(({ body }) => body))
  return made.map(({ body: _, ...rendition }) => rendition)
}

/**
 * When the catalog did not record what was put: deletes it if the photo was removed, and the purge may have been and gone
 * before our puts; or if it has left the place, and is to be done again. An overtaken change is neither.
 */
export async function afterRefusal(
  { catalog, store }: Pick<WorkerEngines, 'catalog' | 'store'>,
  photo: Photo,
): Promise<'removed' | 'moved' | 'overtaken'> {
  const now = await catalog.photos.find(photo.id)
  if (now === null) {
    await deleteRenditions(store, photo.id)
    return 'removed'
  }
  const prefix = renditionsPrefix(photo)
  if (renditionsPrefix(now) === prefix) return 'overtaken'
  await store.delete(await Array.fromAsync(store.list(prefix)))
  return 'moved'
}
