import { type FilterBook, ownFilters } from '../../src/filters/filter-book.ts'
import type { PhotoFacts } from '../../src/photo/photo.ts'
import { type DecodeOptions, decodePhoto } from '../../workers/renditions/decoded-photo.ts'
import * as renditions from '../../workers/renditions/make-renditions.ts'

export type Wish = DecodeOptions & renditions.Wish
export type { RenditionFile } from '../../workers/renditions/make-renditions.ts'

/** From an original to the renditions of one stage and what is known of the photo, as a job does it between two engines. */
export async function makeRenditions(
  original: Buffer,
  { look, focus, presets, ...wish }: Wish,
  { maxPixels, filters = ownFilters() }: { maxPixels: number; filters?: FilterBook },
  keep?: (rendition: renditions.RenditionFile) => Promise<unknown>,
): Promise<{ facts: PhotoFacts; renditions: renditions.RenditionFile[] }> {
  // Its memory is given back in the end.
  const bytes = Buffer.from(original)
  await using photo = await decodePhoto(bytes, { look, focus, presets }, { maxPixels, filters })
  const made = await renditions.makeRenditions(photo, wish, keep)
  return { facts: await photo.facts, renditions: made }
}
