import type { AppliedLook, Look } from './look/look.ts'
import type { Photo, Rendition } from './photo.ts'
import type { Preset } from './presets.ts'
import { recipeDigest } from './recipe.ts'

/** A rendition that is made when it is first looked at. Only then its size is known. */
export type PromisedRendition = Pick<Rendition, 'preset' | 'format' | 'digest'>

/** What decides how renditions are made. */
export type Recipes = {
  presets: readonly Preset[]
  filters: { find(name: string): unknown; applied(look: Look): AppliedLook }
}

/** Whether the photo was adopted, is shown, and nothing of it was made yet. */
export function isPromised({ adopted, status, renditions }: Photo): boolean {
  return adopted !== null && status === 'ready' && renditions.length === 0
}

/**
 * The renditions by which an adopted photo is shown until something of it is made: those that are made first, under the
 * keys that they will have. They stay the same ones until the photo has another look or focus, or the presets change.
 */
export function promisedRenditions(
  { look, edition }: Pick<Photo, 'look' | 'edition'>,
  { presets, filters }: Recipes,
): PromisedRendition[] {
  // One that this process lacks is made by workers that have it.
  if (look && !filters.find(look.filter)) return []
  const applied = look && filters.applied(look)
  return presets.flatMap((preset) =>
    preset.upload.map((format) => ({
      preset: preset.name,
      format,
      digest: recipeDigest({ preset, format, look: applied, edition }),
    })),
  )
}
