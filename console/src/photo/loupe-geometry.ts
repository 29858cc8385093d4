import type { Point, Size } from '../../../src/photo/fit.ts'

/** What a rendition shows of the photo, from 0 to 1: all of it, or what a crop has kept. */
export type Part = { left: number; top: number; width: number; height: number }
/** A rendition: its pixels, and what they show. */
export type Shown = { size: Size; part: Part }
/** In device pixels of the pane, whole ones, so that a pixel of the picture is one of the screen. */
export type Place = Size & { left: number; top: number }

export const WHOLE: Part = { left: 0, top: 0, width: 1, height: 1 }

/** Where all of the rendition lies when that spot of the photo is in the middle of the pane; `scale` device pixels to one of its own. */
export function placeOf(shown: Shown, spot: Point, pane: Size, scale: number): Place {
  const { size, part } = shown
  const x = (spot.x - part.left) / part.width
  const y = (spot.y - part.top) / part.height
  return {
    left: Math.round(pane.width / 2 - x * size.width * scale),
    top: Math.round(pane.height / 2 - y * size.height * scale),
    width: Math.round(size.width * scale),
    height: Math.round(size.height * scale),
  }
}

/** The spot that is in the middle after the picture was dragged by so many device pixels. */
export function dragged(shown: Shown, spot: Point, by: { x: number; y: number }, scale: number): Point {
  const { size, part } = shown
  return {
    x: spot.x - (by.x / (size.width * scale)) * part.width,
    y: spot.y - (by.y / (size.height * scale)) * part.height,
  }
}

/** The nearest spot at which the pane shows nothing beside the rendition; its middle, where it is smaller than the pane. */
export function heldIn(shown: Shown, spot: Point, pane: Size, scale: number): Point {
  const { size, part } = shown
  const held = (at: number, from: number, extent: number, pixels: number, room: number) => {
    const half = Math.min(0.5, room / 2 / (pixels * scale))
    const inside = Math.min(Math.max((at - from) / extent, half), 1 - half)
    return from + inside * extent
  }
  return {
    x: held(spot.x, part.left, part.width, size.width, pane.width),
    y: held(spot.y, part.top, part.height, size.height, pane.height),
  }
}

/** By how much to enlarge the second one so that both show the photo at the same size. */
export function matchingScale(first: Shown, second: Shown, scale: number): number {
  return (scale * (first.size.width / first.part.width)) / (second.size.width / second.part.width)
}
