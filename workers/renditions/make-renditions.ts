import { type FilterBook, ownFilters } from '../../src/filters/filter-book.ts'
import { renditionSize, type Size, scaledFor } from '../../src/photo/fit.ts'
import type { Look } from '../../src/photo/look.ts'
import type { Focus, PhotoFacts, Rendition } from '../../src/photo/photo.ts'
import { BRIGHT_PRESETS, MOVING_PRESETS, PRESETS, type PresetName } from '../../src/photo/presets.ts'
import { type RenditionFormat, type RenditionSet, recipeDigest, recipeOf } from '../../src/photo/recipe.ts'
import { animate } from './animate.ts'
import { applyTable } from './apply-table.ts'
import { byteLimit } from './byte-limit.ts'
import { decode } from './decode.ts'
import { encode } from './encode.ts'
import { attachGainMap, gainMapFor } from './gain-map.ts'
import { decodeHeic } from './heic/decode-heic.ts'
import type { Pixels } from './pixels.ts'
import { placeholderOf } from './placeholder.ts'
import { type Header, readHeader } from './read-header.ts'
import { cropTo, scaleTo } from './resize.ts'
import { tableOf } from './table-of.ts'

export type Wish = RenditionSet & {
  look: Look | null
  /** The photo's edition that the renditions are of; part of their digests. */
  edition?: number
  focus: Focus | null
}

export type RenditionFile = Rendition & { body: Buffer }

/**
 * Makes every wished rendition from one decode: the largest size first, each smaller one from the one before,
 * then all encodes side by side. `facts` are of the picture with its look. An animation moves in some presets.
 *
 * Throws TooManyPixelsError before a pixel is decoded, CorruptPhotoError when the original can't be read whole,
 * FilterMissingError when there is no such filter here.
 */
export async function makeRenditions(
  original: Buffer,
  { look, edition = 0, focus, presets, formats }: Wish,
  { maxPixels, filters = ownFilters() }: { maxPixels: number; filters?: FilterBook },
): Promise<{ facts: PhotoFacts; renditions: RenditionFile[] }> {
  const applied = look && filters.applied(look)
  const table = look && tableOf(look, filters)
  const photo = await readHeader(original, maxPixels)
  const largestFirst = [...presets].sort((a, b) => scaledArea(photo, b) - scaledArea(photo, a))
  const largest = scaledFor(photo, PRESETS[largestFirst[0] ?? 'thumb'])

  let whole = photo.isHeic
    ? await decodeHeic(original, photo.icc, largest, maxPixels)
    : await decode(original, photo, largest, maxPixels)
  if (table) applyTable(whole, table)

  const pictures: { preset: PresetName; picture: Pixels }[] = []
  for (const preset of largestFirst) {
    const size = renditionSize(photo, PRESETS[preset])
    if (PRESETS[preset].fit === 'inside') whole = await scaleTo(whole, size)
    const picture = PRESETS[preset].fit === 'inside' ? whole : await cropTo(whole, size, focus)
    pictures.push({ preset, picture })
  }

  const moving = formats.includes('webp')
    ? await animate(original, photo, largestFirst, table, maxPixels)
    : new Map<PresetName, Buffer>()
  const encodeOnce = encoder(photo, original)
  const [placeholder, ...renditions] = await Promise.all([
    placeholderOf(whole),
    ...pictures.flatMap(({ preset, picture }) =>
      formatsFor(photo, preset, formats).map(async (format): Promise<RenditionFile> => {
        const still = (format === 'webp' && moving.get(preset)) || (await encodeOnce(picture, format))
        const isBright = format === 'jpeg' && !look && BRIGHT_PRESETS.has(preset)
        const gainMap = isBright && (await gainMapFor(photo, picture))
        const body = gainMap ? attachGainMap(still, gainMap) : still
        const digest = recipeDigest(recipeOf(preset, format, applied, edition))
        return {
          preset,
          format,
          digest,
          width: picture.width,
          height: picture.height,
          bytes: body.length,
          body,
        }
      }),
    ),
  ])
  return { facts: { width: photo.width, height: photo.height, ...placeholder }, renditions }
}

/** Where an animation moves, a still beside it would be chosen for being smaller. */
function formatsFor({ animation }: Header, preset: PresetName, formats: readonly RenditionFormat[]) {
  return animation && MOVING_PRESETS.has(preset) ? formats.filter((format) => format !== 'avif') : formats
}

function scaledArea(photo: Size, preset: PresetName): number {
  const { width, height } = scaledFor(photo, PRESETS[preset])
  return width * height
}

/** A small photo is the same picture in several presets: each is encoded once per format. */
function encoder(photo: Header, original: Buffer) {
  const encoded = new Map<Pixels, Map<RenditionFormat, Promise<Buffer>>>()
  return (picture: Pixels, format: RenditionFormat): Promise<Buffer> => {
    const bodies = encoded.get(picture) ?? new Map<RenditionFormat, Promise<Buffer>>()
    encoded.set(picture, bodies)
    const maxBytes = byteLimit(photo, original, picture, format)
    const body = bodies.get(format) ?? encode(picture, format, { credit: photo.credit, maxBytes })
    bodies.set(format, body)
    return body
  }
}
