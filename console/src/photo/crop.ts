import {
  type Crop,
  cropAround,
  type Point,
  renditionSize,
  type Size,
  scaledFor,
} from '../../../src/photo/fit.ts'
import type { Part } from './loupe-geometry.ts'

export type CoverBox = Size & { fit: 'cover' }

/**
 * What of the pictures of a photo, each the whole of it, becomes its crop for the box: the picture that the server cuts it from, the
 * smallest that is large enough, and what it cuts. Null when there is no picture yet.
 */
export function cropFrom<Picture extends Size>(
  focus: Point,
  photo: Size,
  box: CoverBox,
  pictures: readonly Picture[],
): { from: Picture; crop: Crop; size: Size } | null {
  const needed = areaOf(scaledFor(photo, box))
  const bySize = pictures.toSorted((a, b) => areaOf(a) - areaOf(b))
  const from = bySize.find((picture) => areaOf(picture) >= needed) ?? bySize.at(-1)
  if (!from) return null
  const size = renditionSize(photo, box)
  return { from, crop: cropAround(focus, from, size), size }
}

/** What a crop shows of the photo. */
export function partOf(focus: Point, photo: Size, box: CoverBox): Part {
  const scaled = scaledFor(photo, box)
  const { left, top, width, height } = cropAround(focus, scaled, renditionSize(photo, box))
  return {
    left: left / scaled.width,
    top: top / scaled.height,
    width: width / scaled.width,
    height: height / scaled.height,
  }
}

/** Whether a picture shows all of the photo, as far as whole pixels tell. */
export function isWhole(picture: Size, photo: Size): boolean {
  const surplus = Math.abs(picture.width * photo.height - picture.height * photo.width)
  return surplus <= Math.max(photo.width, photo.height)
}

/** How an image of `picture` lies in a box of the crop's aspect that shows nothing else. */
export function cropStyle(crop: Crop, picture: Size): Record<'width' | 'height' | 'left' | 'top', string> {
  const share = (part: number, whole: number) => `${(part / whole) * 100}%`
  return {
    width: share(picture.width, crop.width),
    height: share(picture.height, crop.height),
    left: share(-crop.left, crop.width),
    top: share(-crop.top, crop.height),
  }
}

function areaOf({ width, height }: Size): number {
  return width * height
}
