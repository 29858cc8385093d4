import { createHash } from 'node:crypto'
import type { AppliedLook } from './look.ts'
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
  const { filter, strength, table } = look ?? {}
  const words = [...wordsOf(preset, format), filter, strength, table, edition]
  return hashOf(words).toString('hex', 0, 4)
}

/**
 * A number (int4) for all that decides how a photo's renditions are made, but for the photo: the presets with their
 * formats, the settings of the encoders, and the table of its look, if it has one. One that was made by another number is
 * to be made anew.
 */
export function recipeNumber(presets: readonly Preset[], table: string | null): number {
  const words = presets.map((preset) => {
    const { name, upload, after } = preset
    const formats = [...new Set([...upload, ...after, 'webp' as const])].toSorted()
    return [name, upload, after, formats.map((format) => wordsOf(preset, format))]
  })
  return hashOf([words, table]).readInt32BE()
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
