import type { RemakeWork } from '../../src/catalog/runs/remakes.ts'
import { DoubtfulRenditionError, ObjectNotFoundError } from '../../src/errors.ts'
import { renditionKey } from '../../src/photo/object-keys.ts'
import type { Photo } from '../../src/photo/photo.ts'
import type { Preset } from '../../src/photo/presets.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { likenessOf, type SeenFile, seeFile } from '../renditions/likeness.ts'
import type { RenditionFile } from '../renditions/make-renditions.ts'

/** A look whose filter has changed may change every colour; what is light stays light. */
const LEAST_CORRELATION = 0.7

export type Check = {
  check(file: RenditionFile): Promise<void>
  /** How far the one that is furthest away is from what is shown, in ΔE2000, of those that were checked; null when none was compared. */
  difference(): number | null
}

/**
 * Checks files that were made before anybody sees one: each decodes whole, has the size that is recorded of it, and, where
 * it shows the whole photo, shows what the photo's smallest rendition shows that is there. It throws CorruptPhotoError and
 * DoubtfulRenditionError.
 */
export function checkOf(
  { store, presets }: { store: Pick<ObjectStore, 'read'>; presets: readonly Preset[] },
  photo: Photo,
  { maxDifference }: Pick<RemakeWork, 'maxDifference'>,
  hasNewLook: boolean,
): Check {
  const inside = new Set(presets.filter(({ fit }) => fit === 'inside').map(({ name }) => name))
  let shown: Promise<SeenFile | null> | null = null
  let difference: number | null = null
  const check: Check['check'] = async ({ preset, format, width, height, body }) => {
    const seen = await seeFile(body)
    if (seen.width !== width || seen.height !== height) {
      throw new DoubtfulRenditionError(
        `The ${format} of ${preset} is ${seen.width} x ${seen.height}, and should be ${width} x ${height}.`,
      )
    }
    if (!inside.has(preset)) return
    shown ??= seeShown(store, photo, inside)
    const before = await shown
    if (before === null) return
    const likeness = likenessOf(seen, before)
    if (likeness) difference = Math.max(difference ?? 0, likeness.difference)
    const isOther =
      likeness === null ||
      (hasNewLook ? likeness.correlation < LEAST_CORRELATION : likeness.difference > maxDifference)
    if (!isOther) return
    const how = likeness
      ? `is ΔE ${likeness.difference.toFixed(1)} away from what is shown (correlation ${likeness.correlation.toFixed(2)})`
      : 'has another shape than what is shown'
    throw new DoubtfulRenditionError(`The ${format} of ${preset} ${how}: it may be another picture.`)
  }
  return { check, difference: () => difference }
}

/** The smallest rendition that shows the whole photo; null when none is there. */
async function seeShown(
  store: Pick<ObjectStore, 'read'>,
  photo: Photo,
  inside: ReadonlySet<string>,
): Promise<SeenFile | null> {
  const whole = photo.renditions.filter(({ preset, format }) => inside.has(preset) && format !== 'avif')
  const [smallest] = whole.toSorted((a, b) => a.width * a.height - b.width * b.height)
  if (!smallest) return null
  try {
    return await seeFile(await store.read(renditionKey(photo, smallest)))
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null
    throw error
  }
}
