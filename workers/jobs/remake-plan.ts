import type { RemakeWork } from '../../src/catalog/runs/remakes.ts'
import type { AppliedLook } from '../../src/photo/look/look.ts'
import type { Photo, Rendition } from '../../src/photo/photo.ts'
import type { Preset, PresetName } from '../../src/photo/presets.ts'
import { recipeDigest } from '../../src/photo/recipe.ts'
import type { RenditionFormat } from '../../src/photo/rendition-formats.ts'

/** What of a photo is made anew, and what it keeps. */
export type RemakePlan = {
  /** Renditions that it keeps, with their objects. */
  kept: readonly Rendition[]
  /** The presets of which something is to be made. */
  presets: readonly Preset[]
  wants(preset: PresetName, format: RenditionFormat): boolean
  /** All that the photo has then, by when a preset makes it. */
  stages(made: readonly Rendition[]): { upload: Rendition[]; later: Rendition[] }
  /** Whether all that the photo has then is of today's recipes, and nothing is missing. */
  isWhole(made: readonly Rendition[]): boolean
}

/**
 * Compares what a photo has with what the recipes of today ask for. Of what the run is about, `outdated` keeps what is of
 * today's recipes, `missing` whatever there is, and `everything` nothing; the rest is kept.
 */
export function planRemake(
  photo: Pick<Photo, 'edition' | 'renditions'>,
  { presets, look }: { presets: readonly Preset[]; look: AppliedLook | null },
  { presets: names, formats, extent }: RemakeWork,
): RemakePlan {
  const formatsOf = (preset: PresetName) => {
    const { upload = [], after = [] } = presets.find(({ name }) => name === preset) ?? {}
    return [...upload, ...after]
  }
  const isAskedFor = (preset: PresetName, format: RenditionFormat) => formatsOf(preset).includes(format)
  // What a run before kept is of an edition before.
  const editions = Array.from({ length: photo.edition + 1 }, (_, index) => photo.edition - index)
  const isOfToday = ({ preset, namedBy = preset, format, digest }: Rendition) => {
    const named = presets.find(({ name }) => name === namedBy)
    const isOf = (edition: number) =>
      named && digest === recipeDigest({ preset: named, format, look, edition })
    return isAskedFor(preset, format) && editions.some(isOf)
  }
  const isMeant = (preset: PresetName, format: RenditionFormat) =>
    (names === null || names.includes(preset)) && (formats === null || formats.includes(format))

  const had = photo.renditions
  const kept = had.filter((rendition) => {
    if (!isMeant(rendition.preset, rendition.format) || extent === 'missing') return true
    return extent === 'outdated' && isOfToday(rendition)
  })
  const wants = (preset: PresetName, format: RenditionFormat) =>
    isMeant(preset, format) && !kept.some((one) => one.preset === preset && one.format === format)
  const isLater = ({ preset, format }: Rendition) => {
    const { upload = [], after = [] } = presets.find(({ name }) => name === preset) ?? {}
    return after.includes(format) && !upload.includes(format)
  }
  const inOrder = (renditions: readonly Rendition[]) => {
    const place = ({ preset }: Rendition) => presets.findIndex(({ name }) => name === preset)
    return renditions.toSorted((a, b) => place(a) - place(b))
  }
  return {
    kept,
    // WebP that no preset asks for is made where a picture needs it, which only its pixels tell.
    presets: presets.filter(({ name }) =>
      formatsOf(name)
        .concat(had.filter(({ preset }) => preset === name).map(({ format }) => format))
        .some((format) => wants(name, format)),
    ),
    wants,
    stages: (made) => {
      const all = inOrder([...kept, ...made])
      return { upload: all.filter((one) => !isLater(one)), later: all.filter(isLater) }
    },
    isWhole: (made) => {
      // All that there should be was tried: what is not there would win nothing.
      if (names === null && formats === null && extent !== 'missing') return true
      const ofToday = [...kept.filter(isOfToday), ...made]
      return (
        ofToday.length === kept.length + made.length &&
        presets.every(({ name }) =>
          formatsOf(name).every((format) =>
            ofToday.some((one) => one.preset === name && one.format === format),
          ),
        )
      )
    },
  }
}
