/** Tiles of one size in rows, whose places follow from the width alone: nothing is measured, and nothing moves. */
export type Grid = {
  columns: number
  /** Of a tile, without its caption: as high as wide. */
  tile: number
  /** From the top of a row to that of the next. */
  row: number
  gap: number
}

const MIN_TILE = 148
const GAP = 12
/** Rows that are drawn above and below those in sight. */
const OVERSCAN = 2

/** Of so many CSS pixels, with captions of that height. */
export function gridOf(width: number, caption: number): Grid {
  const columns = Math.max(1, Math.floor((width + GAP) / (MIN_TILE + GAP)))
  const tile = Math.floor((width - GAP * (columns - 1)) / columns)
  return { columns, tile, row: tile + caption + GAP, gap: GAP }
}

/** What so many tiles take. */
export function heightOf({ columns, row, gap }: Grid, count: number): number {
  return count === 0 ? 0 : Math.ceil(count / columns) * row - gap
}

export function placeOf({ columns, tile, row, gap }: Grid, index: number): { x: number; y: number } {
  return { x: (index % columns) * (tile + gap), y: Math.floor(index / columns) * row }
}

/** The tiles that are drawn, from `first` up to `end`, of a window that begins `top` pixels below the first row. */
export function drawnOf(
  { columns, row }: Grid,
  count: number,
  { top, height }: { top: number; height: number },
): { first: number; end: number } {
  const firstRow = Math.floor(top / row) - OVERSCAN
  const endRow = Math.ceil((top + height) / row) + OVERSCAN
  const within = (index: number) => Math.min(count, Math.max(0, index))
  return { first: within(firstRow * columns), end: within(endRow * columns) }
}
