import { createHash } from 'node:crypto'
import type { AppliedLook, DigestedFilter } from './look/look.ts'
import type { Preset } from './presets.ts'
import { RENDITION_FORMATS, type RenditionFormat } from './rendition-formats.ts'

/**
 * Raised when the same recipe begins to give other bytes (another kernel, another use of a setting): renditions made
 * before keep their keys, new ones get new keys. Changed settings make new keys by themselves.
 */
const RECIPE_VERSION = 4

/** Everything that decides a rendition's bytes, given the original and its focus. */
export type Recipe = {
  preset: Preset
  format: RenditionFormat
  look: AppliedLook | null
  /** The photo's. Each has keys of its own, so that a key whose object was deleted is never used again. */
  edition: number
}

/** 8 hex digits that name the recipe in a rendition's key. */
export function recipeDigest({ preset, format, look, edition }: Recipe): string {
  const { filter, strength, digest } = look ?? {}
  const words = [...wordsOf(preset, format), filter, strength, digest, edition]
  return hashOf(words).toString('hex', 0, 4)
}

/**
 * A number (int4) for all that decides how a photo's renditions are made, but for the photo and the strength of its look:
 * the presets with their formats, in whatever order they stand, the settings of the encoders, and the filter's content.
 */
export function recipeNumber(presets: readonly Preset[], look: DigestedFilter | null): number {
  const words = presets.map((preset) => {
    const { name, upload, after } = preset
    const formats = [...new Set([...upload, ...after, 'webp' as const])].toSorted()
    return [name, upload.toSorted(), after.toSorted(), formats.map((format) => wordsOf(preset, format))]
  })
  const inOrder = words.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
  return hashOf([inOrder, look && [look.filter, look.digest]]).readInt32BE()
}

/**
 * The numbers of today's recipes: of photos without a look, and with each of these filters. A photo of another number is
 * stale, whatever its look is, as no two filters have one. So is one of a filter that is not here any more.
 */
export function recipeNumbers(presets: readonly Preset[], filters: readonly DigestedFilter[]): number[] {
  return [null, ...filters].map((filter) => recipeNumber(presets, filter))
}

function wordsOf(preset: Preset, format: RenditionFormat) {
  const { fit, width, height, animated, hdr } = preset
  const { area, minWidth } = preset.fit === 'inside' ? preset : {}
  return [
    RECIPE_VERSION,
    fit,
    width,
    height,
    area,
    minWidth,
    animated,
    hdr,
    format,
    RENDITION_FORMATS[format],
  ]
}

function hashOf(words: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(words)).digest()
}
