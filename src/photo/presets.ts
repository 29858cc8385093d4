import type { RenditionFormat } from './rendition-formats.ts'

/** The word a kind of rendition is asked for by. Which there are is told by the presets in use (src/presets). */
export type PresetName = string

/**
 * What a rendition has to fit into, in pixels: `cover` fills the box and crops what stands out, `inside` keeps the whole
 * photo within every bound that is given. Never enlarged.
 */
export type Box =
  | { fit: 'cover'; width: number; height: number }
  | {
      fit: 'inside'
      width?: number
      height?: number
      /** Of width times height. */
      area?: number
      /** So wide a picture stays, however tall it is: what is written on it can still be read. */
      minWidth?: number
    }
export type Fit = Box['fit']

/** When formats of a preset are made: before the photo is ready, or after. */
export const STAGES = ['upload', 'after'] as const
export type Stage = (typeof STAGES)[number]

/** The name of a kind of rendition, the box it fits, and its formats by when they are made. */
export type Preset = Box & {
  name: PresetName
  /** An animation moves in it, as WebP; in all others it is its first frame. */
  animated: boolean
  /** The JPEG of a photo with a gain map keeps it. */
  hdr: boolean
} & Record<Stage, readonly RenditionFormat[]>

/** What formats can not all show. */
export type PictureKind = { isTransparent: boolean; moves: boolean }

/**
 * The formats of a preset that are made of such a picture at that stage. What JPEG can't show, transparency and motion,
 * is made as WebP besides; and what moves is no AVIF, a still that would be chosen for being small.
 */
export function formatsAt(
  stage: Stage,
  preset: Preset,
  { isTransparent, moves }: PictureKind,
): readonly RenditionFormat[] {
  const isMoving = moves && preset.animated
  const shows = (format: RenditionFormat) => !(isMoving && format === 'avif')
  const formats = preset[stage].filter(shows)
  if (!isMoving && !(isTransparent && preset.upload.every((format) => format === 'jpeg'))) return formats
  const others = formats.filter((format) => format !== 'webp')
  return stage === 'upload' ? [...others, 'webp'] : others
}
