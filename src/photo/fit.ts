import type { Focus } from './photo.ts'
import type { Preset } from './presets.ts'

/** Whole pixels, at least 1 × 1. */
export type Size = { width: number; height: number }

/** A part of a picture, in whole pixels from its top left corner. */
export type Crop = Size & { left: number; top: number }

/**
 * The size of the whole photo when scaled for the preset: for `inside` the rendition itself, for `cover` the
 * picture the rendition is cut from. Never larger than the photo.
 */
export function scaledFor(photo: Size, { width, height, fit }: Preset): Size {
  const [x, y] = [width / photo.width, height / photo.height]
  const scale = Math.min(1, fit === 'cover' ? Math.max(x, y) : Math.min(x, y))
  return { width: atLeastOne(photo.width * scale), height: atLeastOne(photo.height * scale) }
}

/**
 * The size of a photo's rendition. Never enlarged: a photo smaller than a `cover` box gives the largest crop of
 * the box's aspect that it holds.
 */
export function renditionSize(photo: Size, preset: Preset): Size {
  const scaled = scaledFor(photo, preset)
  if (preset.fit === 'inside') return scaled
  if (scaled.width >= preset.width && scaled.height >= preset.height) {
    return { width: preset.width, height: preset.height }
  }
  return largestWithin(scaled, preset)
}

/** The largest crop of that aspect, centred on the focus as nearly as the picture's edges allow. */
export function cropAround(focus: Focus, picture: Size, aspect: Size): Crop {
  const { width, height } = largestWithin(picture, aspect)
  return {
    left: clamp(Math.round(focus.x * picture.width - width / 2), picture.width - width),
    top: clamp(Math.round(focus.y * picture.height - height / 2), picture.height - height),
    width,
    height,
  }
}

function largestWithin(picture: Size, aspect: Size): Size {
  const scale = Math.min(picture.width / aspect.width, picture.height / aspect.height)
  return { width: atLeastOne(aspect.width * scale), height: atLeastOne(aspect.height * scale) }
}

function atLeastOne(length: number): number {
  return Math.max(1, Math.round(length))
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max)
}
