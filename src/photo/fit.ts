import type { Box } from './presets.ts'

/** A point of a picture, both in 0..1 from the top left corner. */
export type Point = { x: number; y: number }

/** Whole pixels, at least 1 × 1. */
export type Size = { width: number; height: number }

/** A part of a picture, in whole pixels from its top left corner. */
export type Crop = Size & { left: number; top: number }

/** What no rendition exceeds, however tall or wide its photo: libjpeg's longest side, and memory. */
const LARGEST = { side: 65_500, area: 25_000_000 }

/**
 * The size of the whole photo when scaled for the box: for `inside` the rendition itself, for `cover` the picture the
 * rendition is cut from. Never larger than the photo.
 */
export function scaledFor(photo: Size, box: Box): Size {
  const scale = Math.min(1, box.fit === 'cover' ? coveringScale(photo, box) : insideScale(photo, box))
  return { width: atLeastOne(photo.width * scale), height: atLeastOne(photo.height * scale) }
}

function coveringScale(photo: Size, { width, height }: Size): number {
  return Math.max(width / photo.width, height / photo.height)
}

type Bounds = Extract<Box, { fit: 'inside' }>

function insideScale(
  photo: Size,
  { width = Infinity, height = Infinity, area = Infinity, minWidth = 0 }: Bounds,
): number {
  const pixels = photo.width * photo.height
  const wanted = Math.min(width / photo.width, height / photo.height, Math.sqrt(area / pixels))
  return Math.min(
    Math.max(wanted, minWidth / photo.width),
    LARGEST.side / Math.max(photo.width, photo.height),
    Math.sqrt(LARGEST.area / pixels),
  )
}

/**
 * The size of a photo's rendition. Never enlarged: a photo smaller than a `cover` box gives the largest crop of
 * the box's aspect that it holds.
 */
export function renditionSize(photo: Size, box: Box): Size {
  const scaled = scaledFor(photo, box)
  if (box.fit === 'inside') return scaled
  if (scaled.width >= box.width && scaled.height >= box.height) {
    return { width: box.width, height: box.height }
  }
  return largestWithin(scaled, box)
}

/** The largest crop of that aspect, centred on the focus as nearly as the picture's edges allow. */
export function cropAround(focus: Point, picture: Size, aspect: Size): Crop {
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
