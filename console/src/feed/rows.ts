import type { Place } from 'darkroom-client'

/** As wide as the page, between these heights if it can be; sizes in CSS pixels. */
export type Frame = { width: number; rowHeight: number; gap: number }

/**
 * Photos in rows that fill the width. `firsts`, `tops` and `heights` are of the rows, and each has one more entry, for the end of the last
 * row; what is behind that is in no row yet, as more is to come. Tiles are as wide as the exact height makes them, and as high as that in
 * whole pixels.
 */
export type Rows = {
  frame: Frame
  places: readonly Place[]
  firsts: Int32Array
  tops: Float64Array
  heights: Float64Array
  height: number
}

type Row = { first: number; end: number; height: number }

/** A photo that is much wider or higher than others is cropped to this. */
const [NARROWEST, WIDEST] = [0.5, 3]
const UNKNOWN = 4 / 3
/** Of the height that rows should have: what a row is kept with, when a photo has come into it or left it. */
const [LOWEST, HIGHEST] = [0.55, 1.75]
/** A row that others have grown into is laid out with so many that follow it. */
const MOST_ROWS_ANEW = 4

/**
 * Lays out all places. Rows of `before` that have the same photos stay rows, so that where a photo comes or goes only its neighbours
 * move. The last row is left out while it is not full and `hasMore`.
 */
export function layOut(
  places: readonly Place[],
  frame: Frame,
  { before, hasMore }: { before?: Rows | null; hasMore: boolean },
): Rows {
  const rows: Row[] = []
  const keptFrom = before && isSame(before.frame, frame) ? keptRows(before, places, frame) : new Map()
  for (let at = 0; at < places.length; ) {
    const kept = keptFrom.get(at)
    if (kept) {
      rows.push(kept)
      at = kept.end
      continue
    }
    let end = nextOf(keptFrom, at, places.length)
    let found = bestRows(places, at, end, frame)
    for (let more = 0; !found.isGood && end < places.length && more < MOST_ROWS_ANEW; more++) {
      end = nextOf(keptFrom, keptFrom.get(end)?.end ?? end + 1, places.length, true)
      found = bestRows(places, at, end, frame)
    }
    rows.push(...found.rows)
    at = end
  }
  const last = rows.at(-1)
  if (last && last.end === places.length && isLoose(last, frame)) {
    rows.pop()
    if (!hasMore) rows.push({ ...last, height: Math.min(frame.rowHeight, last.height) })
  }
  return { frame, places, ...measured(rows, frame) }
}

/** Where a photo of that row is, from the row's beginning. */
export function tilesOf({ places, firsts, heights, frame }: Rows, row: number) {
  const tiles: { index: number; start: number; width: number }[] = []
  const height = heights[row] ?? 0
  let start = 0
  for (let index = firsts[row] ?? 0; index < (firsts[row + 1] ?? 0); index++) {
    const width = ratioOf(places[index]) * height
    tiles.push({ index, start, width })
    start += width + frame.gap
  }
  return tiles
}

/** The row that is at that height, from 0 on. */
export function rowAt({ tops }: Rows, y: number): number {
  return Math.max(0, Math.min(tops.length - 2, last(tops, y)))
}

/** The row that has that photo. */
export function rowOf({ firsts }: Rows, index: number): number {
  return Math.max(0, Math.min(firsts.length - 2, last(firsts, index)))
}

/** The height of rows on a page so wide: two or three landscapes beside each other, one on a phone. */
export function rowHeightFor(width: number): number {
  return Math.round(Math.max(180, Math.min(300, 150 + width / 10)))
}

/** The last entry that is not above the value; -1 if none. */
function last(sorted: Int32Array | Float64Array, value: number): number {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((sorted[middle] as number) <= value) from = middle + 1
    else to = middle
  }
  return from - 1
}

function ratioOf(place: Place | undefined): number {
  if (!place?.width || !place.height) return UNKNOWN
  return Math.max(NARROWEST, Math.min(WIDEST, place.width / place.height))
}

function isSame(a: Frame, b: Frame): boolean {
  return a.width === b.width && a.rowHeight === b.rowHeight && a.gap === b.gap
}

function heightOf(ratios: number, count: number, { width, gap }: Frame): number {
  return (width - gap * (count - 1)) / ratios
}

function isFit(height: number, { rowHeight }: Frame): boolean {
  return height >= LOWEST * rowHeight && height <= HIGHEST * rowHeight
}

/** Rows of before whose photos are still next to each other, by the index where they begin now. */
function keptRows({ places: old, firsts }: Rows, places: readonly Place[], frame: Frame): Map<number, Row> {
  const starts = new Map<Place, number>()
  for (let row = 0; row + 1 < firsts.length; row++) starts.set(old[firsts[row] as number] as Place, row)
  const kept = new Map<number, Row>()
  for (const [at, place] of places.entries()) {
    const row = starts.get(place)
    if (row === undefined) continue
    const first = firsts[row] as number
    const count = (firsts[row + 1] as number) - first
    let ratios = 0
    let i = 0
    for (; i < count && places[at + i] === old[first + i]; i++) ratios += ratioOf(places[at + i])
    const height = heightOf(ratios, count, frame)
    if (i === count && isFit(height, frame)) kept.set(at, { first: at, end: at + count, height })
  }
  return kept
}

function nextOf(kept: Map<number, Row>, from: number, end: number, isFrom = false): number {
  for (let at = isFrom ? from : from + 1; at < end; at++) if (kept.has(at)) return at
  return end
}

/** The rows whose heights are nearest to what they should be, all in all. */
function bestRows(places: readonly Place[], from: number, end: number, frame: Frame) {
  const cost = new Float64Array(end - from + 1).fill(Number.POSITIVE_INFINITY)
  const begun = new Int32Array(end - from + 1)
  cost[0] = 0
  for (let first = from; first < end; first++) {
    let ratios = 0
    for (let last = first; last < end; last++) {
      ratios += ratioOf(places[last])
      const height = heightOf(ratios, last - first + 1, frame)
      const isLastOfAll = last + 1 === places.length
      const total = (cost[first - from] as number) + badness(height / frame.rowHeight, isLastOfAll)
      if (total < (cost[last + 1 - from] as number)) {
        cost[last + 1 - from] = total
        begun[last + 1 - from] = first
      }
      if (height < LOWEST * frame.rowHeight) break
    }
  }
  const rows: Row[] = []
  for (let at = end; at > from; at = rows.at(-1)?.first ?? from) {
    const first = begun[at - from] as number
    let ratios = 0
    for (let index = first; index < at; index++) ratios += ratioOf(places[index])
    rows.push({ first, end: at, height: heightOf(ratios, at - first, frame) })
  }
  const isGood = rows.every((row) => isFit(row.height, frame) || row.end === places.length)
  return { rows: rows.reverse(), isGood }
}

/** The last row of all need not be full. */
function badness(share: number, isLastOfAll: boolean): number {
  if (isLastOfAll && share > 1) return 0
  const off = Math.log(share) ** 2
  return share < LOWEST || share > HIGHEST ? 10 + off : off
}

function isLoose({ height }: Row, { rowHeight }: Frame): boolean {
  return height > 1.25 * rowHeight
}

function measured(rows: readonly Row[], { gap }: Frame) {
  const firsts = new Int32Array(rows.length + 1)
  const tops = new Float64Array(rows.length + 1)
  const heights = new Float64Array(rows.length)
  let top = 0
  for (const [row, { first, height }] of rows.entries()) {
    firsts[row] = first
    tops[row] = top
    heights[row] = height
    // Whole pixels, so that what is scrolled to is exactly there.
    top += Math.round(height) + gap
  }
  firsts[rows.length] = rows.at(-1)?.end ?? 0
  tops[rows.length] = top
  return { firsts, tops, heights, height: Math.max(0, top - gap) }
}
