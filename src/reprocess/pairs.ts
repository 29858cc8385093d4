import type { Catalog } from '../catalog/catalog.ts'
import type { Differing } from '../catalog/runs/aside.ts'
import type { Photo, Rendition } from '../photo/photo.ts'
import type { PhotoId } from '../photo/photo-id.ts'
import type { Preset } from '../photo/presets.ts'

/** A rendition that was shown before, and the one that is shown instead. */
export type RenditionPair = { before: Rendition; after: Rendition }

/** The same of a photo, and how far they are apart, in ΔE2000. */
export type PhotoPair = RenditionPair & { photo: Photo; difference: number }

/**
 * The largest of what was made, beside the same of before, or else the largest of that: both show the whole photo. Null
 * when there are no two of that kind. AVIF is compared where there is nothing else.
 */
export function pairOf(
  photo: Pick<Photo, 'renditions'>,
  earlier: readonly Rendition[],
  presets: readonly Preset[],
): RenditionPair | null {
  const inside = new Set(presets.filter(({ fit }) => fit === 'inside').map(({ name }) => name))
  const shown = new Set(earlier.map(({ digest }) => digest))
  const inOrder = (renditions: readonly Rendition[]) =>
    renditions
      .filter(({ preset }) => inside.has(preset))
      .toSorted((a, b) => Number(a.format === 'avif') - Number(b.format === 'avif') || areaOf(b) - areaOf(a))
  const [after] = inOrder(photo.renditions.filter(({ digest }) => !shown.has(digest)))
  const then = inOrder(earlier)
  const before =
    then.find(({ preset, format }) => preset === after?.preset && format === after.format) ?? then[0]
  return before && after ? { before, after } : null
}

/** Of photos that a run made anew those that differ most first, after one of them; and behind which the next come, null for the end. */
export async function pairsOf(
  { aside, photos }: Pick<Catalog, 'aside' | 'photos'>,
  presets: readonly Preset[],
  { run, after, limit }: { run: number; after: Differing | null; limit: number },
): Promise<{ pairs: PhotoPair[]; next: Differing | null }> {
  const found = await aside.furthest(run, after, limit)
  const ids = found.map(({ id }) => id)
  const earlier = await aside.renditions(ids, run)
  const there = new Map<PhotoId, Photo>((await photos.findAll(ids)).map((photo) => [photo.id, photo]))
  const pairs = found.flatMap(({ id, difference }): PhotoPair[] => {
    const photo = there.get(id)
    const pair = photo && pairOf(photo, earlier.get(id) ?? [], presets)
    return pair ? [{ photo, difference, ...pair }] : []
  })
  return { pairs, next: found.length < limit ? null : (found.at(-1) ?? null) }
}

function areaOf({ width, height }: Rendition): number {
  return width * height
}
