import type { PhotoFeed, Spot } from 'darkroom-client'
import { type Rows, rowAt, rowOf } from './rows.ts'

/** What the reader looks at: a photo, and how far below the upper edge of the screen its row begins. */
export type Anchor = { spot: Spot; offset: number }

/** Firefox gives an element of more than 17.8 million pixels no height at all. */
export const TALLEST = 8_000_000

/**
 * Of rows of which `y` is at the upper edge of the screen, where a bar covers them: the first that begins below that, or the one that
 * is cut by it.
 */
export function anchorAt(
  rows: Rows,
  y: number,
  { screen, bar }: { screen: number; bar: number },
): Anchor | null {
  if (rows.firsts.length < 2) return null
  const cut = rowAt(rows, y + bar)
  const isCut = (rows.tops[cut] ?? 0) < y + bar
  const isNextSeen = cut + 2 < rows.firsts.length && (rows.tops[cut + 1] ?? 0) < y + (bar + screen) / 2
  const row = isCut && isNextSeen ? cut + 1 : cut
  const place = rows.places[rows.firsts[row] ?? 0]
  return place ? { spot: { id: place.id, at: place.at }, offset: (rows.tops[row] ?? 0) - y } : null
}

/** What is at the upper edge of the screen when the anchor, or what is in its place if it is gone, is where it was. */
export function yOf(
  rows: Rows,
  { spot, offset }: Anchor,
  feed: Pick<PhotoFeed, 'indexOf'>,
  hidden: number,
): number {
  if (rows.firsts.length < 2) return 0
  const row = rowOf(rows, Math.max(0, feed.indexOf(spot) - hidden))
  return (rows.tops[row] ?? 0) - offset
}

/**
 * How much of what is above is left out of the page, so that this is never too tall: none, or so much that the reader is in its
 * midst. It stays as it is for as long as there is room to both sides.
 */
export function leftOutAt(y: number, height: number, leftOut: number): number {
  if (height <= TALLEST) return 0
  const most = height - TALLEST
  const inPage = y - leftOut
  const isRoomy = (inPage > TALLEST / 4 || leftOut === 0) && (inPage < (TALLEST * 3) / 4 || leftOut === most)
  return isRoomy ? Math.min(leftOut, most) : Math.max(0, Math.min(most, Math.round(y - TALLEST / 2)))
}
