import { createHash } from 'node:crypto'
import type { AppliedLook } from './look.ts'
import { PRESET_NAMES, PRESETS, type Preset, type PresetName } from './presets.ts'

/**
 * Raised when the same recipe begins to give other bytes (another encoder setting, another kernel): renditions
 * made before keep their keys, new ones get new keys.
 */
const RECIPE_VERSION = 3

/** Encoder settings of each format a rendition is made in. Quality as sharp and libvips count it, 1 to 100. */
export const RENDITION_FORMATS = {
  webp: { extension: 'webp', contentType: 'image/webp', quality: 80, effort: 2 },
  jpeg: { extension: 'jpg', contentType: 'image/jpeg', quality: 78, effort: null },
  avif: { extension: 'avif', contentType: 'image/avif', quality: 58, effort: 2 },
} as const

export type RenditionFormat = keyof typeof RENDITION_FORMATS

export const RENDITION_FORMAT_NAMES = Object.keys(RENDITION_FORMATS) as readonly RenditionFormat[]

/** What renditions are asked for: every one of the presets in every one of the formats. */
export type RenditionSet = { presets: readonly PresetName[]; formats: readonly RenditionFormat[] }

/** What a photo has when it becomes ready. */
export const READY_RENDITIONS = {
  presets: PRESET_NAMES,
  formats: ['webp', 'jpeg'],
} as const satisfies RenditionSet

/** What it gets afterwards, when nothing more urgent is to be done: the sizes of feeds. */
export const AVIF_RENDITIONS = {
  presets: ['medium', 'feed'],
  formats: ['avif'],
} as const satisfies RenditionSet

/** The formats a photo has in the end, in that preset. */
export function formatsIn(preset: PresetName): readonly RenditionFormat[] {
  return [READY_RENDITIONS, AVIF_RENDITIONS].flatMap(({ presets, formats }: RenditionSet) =>
    presets.includes(preset) ? formats : [],
  )
}

/** Everything that decides a rendition's bytes, given the original and its focus. */
export type Recipe = Preset & {
  preset: PresetName
  format: RenditionFormat
  quality: number
  effort: number | null
  look: AppliedLook | null
  /** The photo's. Each has keys of its own, so that a key whose object was deleted is never used again. */
  edition: number
}

export function recipeOf(
  preset: PresetName,
  format: RenditionFormat,
  look: AppliedLook | null,
  edition = 0,
): Recipe {
  const { quality, effort } = RENDITION_FORMATS[format]
  return { preset, ...PRESETS[preset], format, quality, effort, look, edition }
}

/** 8 hex digits that name the recipe in a rendition's key. */
export function recipeDigest(recipe: Recipe): string {
  const { width, height, fit, format, quality, effort, look, edition } = recipe
  const { filter, strength, table } = look ?? {}
  const words = [
    RECIPE_VERSION,
    width,
    height,
    fit,
    format,
    quality,
    effort,
    filter,
    strength,
    table,
    edition,
  ]
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 8)
}
