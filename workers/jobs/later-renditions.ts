import type { LookChange } from '../../src/photo/look/look.ts'
import type { Photo, Rendition } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { PresetName } from '../../src/photo/presets.ts'
import type { WorkerEngines } from '../engines.ts'
import type { DecodedPhoto } from '../renditions/decoded-photo.ts'
import { afterRefusal, putRenditions } from './put-renditions.ts'
import { recipeNumberOf } from './recipe-number.ts'

/** An edition of a photo, and the renditions it was shown with first. */
export type Shown = LookChange & { renditions: readonly Rendition[] }

/**
 * Makes what an edition gets after it is shown, from the pixels that are there, unless somebody waits for another photo
 * or it fails: then a job of its own does, which is tried again and given up on by itself. The photo is ready already.
 */
export async function makeLater(
  engines: WorkerEngines,
  photo: Photo,
  decoded: DecodedPhoto,
  shown: Shown,
): Promise<void> {
  try {
    if ((await engines.queue.oldestWaiting('live')) === null)
      return await putLater(engines, photo, decoded, shown)
  } catch {
    // Told when its job fails as well.
  }
  await promiseLater(engines, photo.id, shown.edition)
}

/** Makes and records them. When another edition is shown by then, they go with this one. */
export async function putLater(
  engines: WorkerEngines,
  photo: Photo,
  decoded: DecodedPhoto,
  { look, edition, renditions }: Shown,
): Promise<void> {
  const wish = { stage: 'after', edition, rivals: smallest(renditions) } as const
  const later = await putRenditions(engines, photo, decoded, wish)
  const made = { renditions: later, recipe: recipeNumberOf(engines, look) }
  const isKept = await engines.catalog.renditions.recordLater(photo, { look, edition }, made)
  if (!isKept && (await afterRefusal(engines, photo)) === 'moved')
    await promiseLater(engines, photo.id, edition)
}

/** Promises them as a job. When that fails, the sweep does. */
export async function promiseLater(
  { queue }: Pick<WorkerEngines, 'queue'>,
  photoId: PhotoId,
  edition: number,
): Promise<void> {
  await queue.enqueue({ kind: 'finish', photoId, edition }).catch(() => {})
}

/** Bytes by preset, of the formats there are. */
export function smallest(renditions: readonly Rendition[]): Map<PresetName, number> {
  const bytes = new Map<PresetName, number>()
  for (const rendition of renditions) {
    const { preset } = rendition
    if (rendition.format !== 'avif')
      bytes.set(preset, Math.min(rendition.bytes, bytes.get(preset) ?? Infinity))
  }
  return bytes
}
