import { isDeepStrictEqual } from 'node:util'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Change, Photo, Rendition } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { Preset } from '../../src/photo/presets.ts'
import type { JobHandler } from '../../src/queue/job-queue.ts'
import type { FilterEngines } from '../engines.ts'
import { placeholderOfFile } from '../renditions/placeholder.ts'
import { decodeOriginal } from './decode-original.ts'
import { makeLater, promiseLater } from './later-renditions.ts'
import { afterRefusal, putRenditions } from './put-renditions.ts'
import { recipeNumberOf } from './recipe-number.ts'

/**
 * `filter`: gives a photo the look and the focus of an edition, made from the original, and shows it in one statement when
 * all of it is there. Until then, and when it fails, the photo keeps those it has. Each change has a job of its own: one
 * that another overtook does nothing, or what it made is to be deleted, so that the change asked for last wins.
 */
export function filterPhoto(engines: FilterEngines): JobHandler {
  return async ({ photoId, edition }) => {
    if (edition !== undefined) await makeEdition(engines, photoId, edition)
  }
}

async function makeEdition(engines: FilterEngines, photoId: PhotoId, edition: number): Promise<void> {
  const beganAt = performance.now()
  const { catalog } = engines
  const photo = await catalog.photos.find(photoId)
  if (photo?.wanted?.edition !== edition) return
  const change = photo.wanted
  await engines.filters.learn(change.look?.filter)
  const earlier = isDeepStrictEqual(change.focus, photo.focus)
    ? await showEarlier(engines, photo, change, beganAt)
    : null
  if (earlier !== null) return await promiseLater(engines, photoId, earlier)

  await using decoded = await decodeOriginal(engines, { ...photo, ...change }, engines.presets)
  const renditions = await putRenditions(engines, photo, decoded, { stage: 'upload', edition })
  const facts = await decoded.facts
  const recipe = recipeNumberOf(engines, change.look)
  if (await catalog.looks.show(photo, change, { facts, renditions, recipe, beganAt })) {
    return await makeLater(engines, photo, decoded, { ...change, renditions })
  }
  if ((await afterRefusal(engines, photo)) === 'moved') await makeEdition(engines, photoId, edition)
}

/** Shows an edition of the same look and of today's recipes that is still there; tells which. */
async function showEarlier(
  engines: FilterEngines,
  photo: Photo,
  change: Change,
  beganAt: number,
): Promise<number | null> {
  const { catalog, store, presets } = engines
  const { look } = change
  const recipe = recipeNumberOf(engines, look)
  if (photo.recipe === recipe && isDeepStrictEqual(look, photo.look)) {
    // It has it now.
    await catalog.looks.giveUp(photo.id, change.edition)
    return photo.edition
  }
  for (const { edition, renditions } of await catalog.looks.earlier(photo.id, look, recipe)) {
    const smallest = smallestWhole(renditions, presets)
    if (!smallest) continue
    const placeholder = await placeholderOfFile(await store.read(renditionKey(photo, smallest)))
    if (await catalog.looks.showEarlier(photo, change, { edition, beganAt }, placeholder)) return edition
  }
  return null
}

/** Enough for a placeholder. What crops is left out, for a placeholder shows the whole photo. */
function smallestWhole(renditions: readonly Rendition[], presets: readonly Preset[]): Rendition | null {
  const inside = new Set(presets.filter(({ fit }) => fit === 'inside').map(({ name }) => name))
  const whole = renditions.filter(({ preset }) => inside.has(preset))
  return whole.toSorted((a, b) => a.width - b.width)[0] ?? null
}
