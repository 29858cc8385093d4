import { createHash } from 'node:crypto'
import type { Look } from './look.ts'
import { PRESETS, type Preset, type PresetName } from './presets.ts'

/**
 * Raised when the same recipe begins to give other bytes (another encoder setting, another kernel): renditions
 * made before keep their keys, new ones get new keys.
 */
const RECIPE_VERSION = 1

/** Encoder settings of each format a rendition is made in. Quality as sharp and libvips count it, 1 to 100. */
export const RENDITION_FORMATS = {
  webp: { extension: 'webp', contentType: 'image/webp', quality: 80, effort: 2 },
  jpeg: { extension: 'jpg', contentType: 'image/jpeg', quality: 80, effort: null },
} as const

export type RenditionFormat = keyof typeof RENDITION_FORMATS

export const RENDITION_FORMAT_NAMES = Object.keys(RENDITION_FORMATS) as readonly RenditionFormat[]

/** Everything that decides a rendition's bytes, given the original and its focus. */
export type Recipe = Preset & {
  preset: PresetName
  format: RenditionFormat
  quality: number
  effort: number | null
  look: Look | null
}

export function recipeOf(preset: PresetName, format: RenditionFormat, look: Look | null): Recipe {
  const { quality, effort } = RENDITION_FORMATS[format]
  return { preset, ...PRESETS[preset], format, quality, effort, look }
}

/** 8 hex digits that name the recipe in a rendition's key. */
export function recipeDigest(recipe: Recipe): string {
  const { width, height, fit, format, quality, effort, look } = recipe
  const words = [RECIPE_VERSION, width, height, fit, format, quality, effort, look?.filter, look?.strength]
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 8)
}
