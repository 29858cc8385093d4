import type { Photo, Preset, Rendition } from 'darkroom-client'
import { formatsAt, type Preset as MadePreset, type PictureKind } from '../../../src/photo/presets.ts'

/** A rendition that there is, or null where it is still to come. */
export type Expected = { preset: string; format: Rendition['format']; rendition: MadeRendition | null }
/** One whose size is known. */
export type MadeRendition = Rendition & { width: number; height: number; bytes: number }

/** What JPEG can't show has a WebP besides: of some presets what moves, of all what is transparent. Before there is one nobody knows. */
export function kindOf(photo: Photo, presets: readonly Preset[]): PictureKind {
  const has = (format: string) => (preset: Preset) =>
    photo.renditions.some((rendition) => rendition.preset === preset.name && rendition.format === format)
  const animated = presets.filter((preset) => preset.animated)
  const mayMove = photo.original.format === 'gif' || photo.original.format === 'webp'
  return {
    isTransparent: presets.some((preset) => !preset.animated && !asks(preset, 'webp') && has('webp')(preset)),
    // Of what moves no AVIF is made.
    moves: mayMove && animated.some(has('webp')) && !animated.some(has('avif')),
  }
}

function asks(preset: Preset, format: Rendition['format']): boolean {
  return preset.upload.includes(format) || (preset.after?.includes(format) ?? false)
}

/**
 * All renditions of a photo, those to come among them, by the order of the presets and in each the smallest format first; then those of
 * presets that there are no more.
 */
export function expectedRenditions(photo: Photo, presets: readonly Preset[]): Expected[] {
  const made = photo.renditions.filter(isMade)
  const names = new Set(presets.map(({ name }) => name))
  const kind = kindOf(photo, presets)
  const ofPreset = (preset: Preset) => {
    const there = made.filter(({ preset: name }) => name === preset.name)
    const promised = (['after', 'upload'] as const).flatMap((stage) => formatsAt(stage, full(preset), kind))
    const formats = new Set([...promised, ...there.map(({ format }) => format)])
    return [...formats].map((format) => ({
      preset: preset.name,
      format,
      rendition: there.find((rendition) => rendition.format === format) ?? null,
    }))
  }
  const earlier = made.filter(({ preset }) => !names.has(preset))
  return [
    ...presets.flatMap(ofPreset),
    ...earlier.map((rendition) => ({ preset: rendition.preset, format: rendition.format, rendition })),
  ]
}

export function isMade(rendition: Rendition): rendition is MadeRendition {
  return rendition.width !== null && rendition.height !== null && rendition.bytes !== null
}

function full(preset: Preset): MadePreset {
  return { after: [], animated: false, hdr: false, ...preset } as unknown as MadePreset
}
