import { ObjectNotFoundError, OriginalMissingError } from '../src/errors.ts'
import type { Look, LookChange } from '../src/photo/look.ts'
import { originalKey, renditionKey, renditionsPrefix } from '../src/photo/object-keys.ts'
import type { Photo, PhotoFacts, Rendition } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Stage } from '../src/photo/presets.ts'
import { RENDITION_FORMATS } from '../src/photo/rendition-formats.ts'
import type { Job } from '../src/queue/job.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import type { WorkerEngines } from './engines.ts'
import { promiseAvif } from './promise-avif.ts'
import { makeRenditions, type Wish } from './renditions/make-renditions.ts'
import { free } from './renditions/pixels.ts'

/**
 * Makes every rendition of a photo in one look, puts them, and then records them: a recorded rendition always has
 * its bytes. Doing it again puts the same bytes under the same keys. Nothing is done for a photo that was removed.
 */
export async function render(
  engines: WorkerEngines,
  { photoId, kind }: Job,
  lookOf: (photo: Photo) => Look | null,
): Promise<void> {
  const { catalog, store } = engines
  const photo = await catalog.photos.find(photoId)
  if (!photo) return await deleteRenditions(store, photoId)

  const made = { look: lookOf(photo), edition: photo.edition }
  const { facts, renditions } = await putRenditions(engines, photo, made)
  const recorded = await catalog.renditions.record(photoId, { kind, ...made, facts, renditions })
  // Removed while we worked: the purge may have been and gone before our puts.
  if (!recorded) return await deleteRenditions(store, photoId)
  if (recorded.status === 'ready') await promiseAvif(engines, photoId, recorded.edition)
}

/**
 * Makes those renditions of that look and edition from the original, and puts them; nothing is recorded. Throws
 * FilterMissingError and OriginalMissingError.
 */
export async function putRenditions(
  { store, filters, presets, maxPixels }: WorkerEngines,
  { id, original, focus }: Photo,
  { look, edition }: LookChange,
  stage: Stage = 'upload',
  rivals?: Wish['rivals'],
): Promise<{ facts: PhotoFacts; renditions: Rendition[] }> {
  // Before the original is fetched: a job that lacks it comes again and again.
  if (look) filters.get(look.filter)
  const bytes = await readOriginal(store, originalKey(id, original.format))
  const wish = { presets, stage, look, edition, focus, ...(rivals && { rivals }) }
  const { facts, renditions } = await makeRenditions(bytes, wish, { maxPixels, filters }, (made) => {
    const { contentType } = RENDITION_FORMATS[made.format]
    return store.put(renditionKey(id, made), made.body, { contentType })
  })
  free([bytes, ...renditions.map(({ body }) => body)])
  return { facts, renditions: renditions.map(({ body: _, ...rendition }) => rendition) }
}

async function readOriginal(store: ObjectStore, key: string): Promise<Buffer> {
  try {
    return await store.read(key)
  } catch (error) {
    if (error instanceof ObjectNotFoundError) throw new OriginalMissingError({ cause: error })
    throw error
  }
}

/** Deletes every rendition object of a photo that was removed. */
export async function deleteRenditions(store: ObjectStore, id: PhotoId): Promise<void> {
  await store.delete(await Array.fromAsync(store.list(renditionsPrefix(id))))
}
