import { isDeepStrictEqual } from 'node:util'
import { renditionKey } from '../src/photo/object-keys.ts'
import type { Change, Photo, Rendition } from '../src/photo/photo.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import type { Preset } from '../src/photo/presets.ts'
import { recipeDigest } from '../src/photo/recipe.ts'
import type { LookEngines } from './engines.ts'
import { makeLater, promiseLater } from './later-renditions.ts'
import { afterRefusal, decodeOriginal, putRenditions } from './render.ts'
import { placeholderOfFile } from './renditions/placeholder.ts'

/**
 * Gives a photo the look of that edition, made from the original, and shows it in one statement when all of it is
 * there. Until then, and when it fails, the photo keeps the look it has. Each change has a job of its own: one
 * that another overtook does nothing, or what it made is deleted, so that the change asked for last wins.
 */
export async function changeLook(engines: LookEngines, photoId: PhotoId, edition: number): Promise<void> {
  const { catalog, store } = engines
  const photo = await catalog.photos.find(photoId)
  if (photo?.wanted?.edition !== edition) return
  const change = photo.wanted
  const earlier = isDeepStrictEqual(change.focus, photo.focus)
    ? await showEarlier(engines, photo, change)
    : null
  if (earlier !== null) return await promiseLater(engines, photoId, earlier)

  await using decoded = await decodeOriginal(engines, { ...photo, ...change }, engines.presets)
  const renditions = await putRenditions(engines, photo, decoded, { stage: 'upload', edition })
  const facts = await decoded.facts
  if (await catalog.looks.show(photo, change, { facts, renditions })) {
    return await makeLater(engines, photo, decoded, { ...change, renditions })
  }
  const reason = await afterRefusal(engines, photo)
  if (reason === 'moved') return await changeLook(engines, photoId, edition)
  if (reason === 'removed') return

  const digests = renditions.map(({ digest }) => digest)
  const abandoned = new Set(await catalog.looks.abandonedDigests(photoId, edition, digests))
  const keys = renditions.filter(({ digest }) => abandoned.has(digest))
  await store.delete(keys.map((rendition) => renditionKey(photo, rendition)))
}

/** Shows an edition of the same look that is still there, if it is whole and of today's recipes; tells which. */
async function showEarlier(
  { catalog, store, filters, presets }: LookEngines,
  photo: Photo,
  change: Change,
): Promise<number | null> {
  const { id } = photo
  const { look } = change
  const applied = look && filters.applied(look)
  for (const { edition, renditions } of await catalog.looks.earlier(id, look)) {
    const wanted = presets.flatMap((preset) =>
      preset.upload.map((format) => recipeDigest({ preset, format, look: applied, edition })),
    )
    const isWhole = wanted.every((digest) => renditions.some((rendition) => rendition.digest === digest))
    const smallest = smallestWhole(renditions, presets)
    if (!isWhole || !smallest) continue
    const digests = renditions.map(({ digest }) => digest)
    const file = await store.read(renditionKey(photo, smallest))
    const placeholder = await placeholderOfFile(file)
    if (await catalog.looks.showEarlier(photo, change, { edition, digests }, placeholder)) return edition
  }
  return null
}

/** Enough for a placeholder. What crops is left out, for a placeholder shows the whole photo. */
function smallestWhole(renditions: readonly Rendition[], presets: readonly Preset[]): Rendition | null {
  const inside = new Set(presets.filter(({ fit }) => fit === 'inside').map(({ name }) => name))
  const whole = renditions.filter(({ preset }) => inside.has(preset))
  return whole.toSorted((a, b) => a.width - b.width)[0] ?? null
}
