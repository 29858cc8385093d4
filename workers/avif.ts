import type { Rendition } from '../src/photo/photo.ts'
import type { PresetName } from '../src/photo/presets.ts'
import type { JobHandler } from '../src/queue/job-queue.ts'
import type { WorkerEngines } from './engines.ts'
import { deleteRenditions, putRenditions } from './render.ts'

/**
 * `avif`: the renditions that take longest to make and are smallest, of the edition the photo is shown in. Nothing
 * is done for an edition that is not shown any more: the one that is has a job of its own.
 */
export function makeAvif(engines: WorkerEngines): JobHandler {
  return async ({ photoId, edition }) => {
    const { catalog, store } = engines
    const photo = await catalog.photos.find(photoId)
    if (photo?.status !== 'ready' || photo.edition !== edition) return

    const rivals = smallest(photo.renditions)
    const { renditions } = await putRenditions(engines, photo, photo, 'after', rivals)
    const isKept = await catalog.renditions.recordLater(photoId, photo, renditions)
    // Removed while we worked: the purge may have been and gone before our puts.
    if (!isKept) await deleteRenditions(store, photoId)
  }
}

/** Bytes by preset, of the formats there are. */
function smallest(renditions: readonly Rendition[]): Map<PresetName, number> {
  const bytes = new Map<PresetName, number>()
  for (const rendition of renditions) {
    const { preset } = rendition
    if (rendition.format !== 'avif')
      bytes.set(preset, Math.min(rendition.bytes, bytes.get(preset) ?? Infinity))
  }
  return bytes
}
