import { type FilterBook, ownFilters } from '../../src/filters/filter-book.ts'
import { renditionSize, type Size, scaledFor } from '../../src/photo/fit.ts'
import type { Look } from '../../src/photo/look.ts'
import type { Focus, PhotoFacts, Rendition } from '../../src/photo/photo.ts'
import { type Box, formatsAt, type Preset, type PresetName, type Stage } from '../../src/photo/presets.ts'
import { recipeDigest } from '../../src/photo/recipe.ts'
import type { RenditionFormat } from '../../src/photo/rendition-formats.ts'
import { animate, type MovingFile } from './animate.ts'
import { applyTable } from './apply-table.ts'
import { byteLimit } from './byte-limit.ts'
import { decode } from './decode.ts'
import { encode } from './encode.ts'
import { hasFineColor } from './fine-color.ts'
import { attachGainMap, gainMapMaker } from './gain-map/gain-map.ts'
import { free, type Pixels } from './pixels.ts'
import { placeholderOf } from './placeholder.ts'
import { type Header, readHeader } from './read-header.ts'
import { cropTo, scaleTo } from './resize.ts'
import { tableOf } from './table-of.ts'

export type Wish = {
  presets: readonly Preset[]
  stage: Stage
  look: Look | null
  /** The photo's edition that the renditions are of; part of their digests. */
  edition?: number
  focus: Focus | null
  /** The bytes of what there is already in a preset: AVIF that has no fewer is left out. */
  rivals?: ReadonlyMap<PresetName, number>
}

export type RenditionFile = Rendition & { body: Buffer }

/**
 * Makes every wished rendition from one decode, but for AVIF that would win nothing: each size from the next larger
 * one, and encoded while the smaller ones are still being made. `keep` is given each as soon as its bytes are there,
 * so that storing it takes no time of its own. `facts` are of the picture with its look. An animation moves in some
 * presets.
 *
 * Throws TooManyPixelsError and UnsupportedPhotoError, before a pixel is decoded where its header tells,
 * CorruptPhotoError when the original can't be read whole, FilterMissingError when there is no such filter here, and
 * what `keep` throws.
 */
export async function makeRenditions(
  original: Buffer,
  { look, edition = 0, focus, presets, stage, rivals }: Wish,
  { maxPixels, filters = ownFilters() }: { maxPixels: number; filters?: FilterBook },
  keep: (rendition: RenditionFile) => Promise<unknown> = async () => {},
): Promise<{ facts: PhotoFacts; renditions: RenditionFile[] }> {
  const applied = look && filters.applied(look)
  const table = look && tableOf(look, filters)
  const photo = await readHeader(original, maxPixels)
  const largestFirst = [...presets].sort((a, b) => scaledArea(photo, b) - scaledArea(photo, a))
  const largest = largestFirst[0]
  if (!largest) throw new Error('Renditions of no preset are asked for.')

  const decoded = await decode(photo, scaledFor(photo, largest), maxPixels)
  if (table) applyTable(decoded, table)
  const moving =
    stage === 'upload' ? await animate(photo, largestFirst, table) : new Map<Preset, MovingFile>()

  const encodeOnce = encoder(photo, original)
  const gainMapFor = gainMapMaker(photo)
  const make = async (
    preset: Preset,
    format: RenditionFormat,
    picture: Pixels,
  ): Promise<RenditionFile | null> => {
    const moved = format === 'webp' ? moving.get(preset) : undefined
    const still = moved?.body ?? (await encodeOnce(picture, format, rivals?.get(preset.name)))
    if (!still) return null
    const isBright = format === 'jpeg' && !look && preset.hdr
    const gainMap = isBright && (await gainMapFor(picture))
    const body = gainMap ? attachGainMap(still, gainMap) : still
    const digest = recipeDigest({ preset, format, look: applied, edition })
    const { width, height } = moved ?? picture
    const rendition = { preset: preset.name, format, digest, width, height, bytes: body.length, body }
    await keep(rendition)
    return rendition
  }

  let whole = Promise.resolve(decoded)
  const pictures = largestFirst.map((preset) => {
    const size = renditionSize(photo, preset)
    if (preset.fit === 'cover') return { preset, picture: whole.then((from) => cropTo(from, size, focus)) }
    whole = whole.then((from) => scaleTo(from, size))
    return { preset, picture: whole }
  })
  const kind = { isTransparent: decoded.channels === 4, moves: photo.animation !== null }
  const made = pictures.flatMap(({ preset, picture }) =>
    formatsAt(stage, preset, kind).map(async (format) => await make(preset, format, await picture)),
  )
  const work = [whole.then(placeholderOf), ...made] as const
  // When one fails the others come to their end before that is told: nothing is kept behind the caller's back.
  await Promise.allSettled(work)
  const [placeholder, ...renditions] = await Promise.all(work)
  free((await Promise.all(pictures.map(({ picture }) => picture))).map(({ data }) => data))
  return {
    facts: { width: photo.width, height: photo.height, ...placeholder },
    renditions: renditions.filter((rendition) => rendition !== null),
  }
}

function scaledArea(photo: Size, box: Box): number {
  const { width, height } = scaledFor(photo, box)
  return width * height
}

/** A small photo is the same picture in several presets: each is looked at once, and encoded once per format. */
function encoder(photo: Header, original: Buffer) {
  const seen = new Map<Pixels, { isFine: boolean; bodies: Map<RenditionFormat, Promise<Buffer | null>> }>()
  return (picture: Pixels, format: RenditionFormat, rival?: number): Promise<Buffer | null> => {
    const known = seen.get(picture) ?? { isFine: hasFineColor(picture), bodies: new Map() }
    seen.set(picture, known)
    const { isFine, bodies } = known
    const limit = byteLimit(photo, original, picture, format)
    const { credit } = photo
    const body = bodies.get(format) ?? encode(picture, format, { credit, isFine, limit, rival })
    bodies.set(format, body)
    return body
  }
}
