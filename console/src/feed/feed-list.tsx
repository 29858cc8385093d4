import type { Delivery, Place } from 'darkroom-client'
import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { keepState } from '../route.ts'
import { useMoves } from './moves.ts'
import type { OpenFeed } from './open-feed.ts'
import { anchorAt, leftOutAt, TALLEST, yOf } from './place.ts'
import { layOut, type Rows, rowAt, rowHeightFor, rowOf, tilesOf } from './rows.ts'
import { Tile, type TileProps } from './tile.tsx'

/** Rows that are there above and below what is seen. */
const SPARE_ROWS = 3
/** So many screens before its end the next page is asked for. */
const AHEAD = 6
const REST_MS = 120
const GAP = 4

type Range = { from: number; to: number; leftOut: number }

/**
 * The photos of a feed in rows, of which those are on the page that are seen, and few others. The page scrolls; what the reader looks
 * at stays where it is, whatever comes or goes.
 */
export function FeedList({ open, label }: { open: OpenFeed; label: string }) {
  const { feed } = open
  const list = useRef<HTMLDivElement>(null)
  const width = useWidth(list)
  const [range, setRange] = useState<Range>({ from: 0, to: 0, leftOut: 0 })
  const [focused, setFocused] = useState<Place | null>(null)
  const version = open.version.value
  const { hidden } = open

  const rows = useMemo(() => {
    const frame = { width, rowHeight: rowHeightFor(width), gap: GAP }
    const places = feed.places.slice(hidden)
    return layOut(width > 0 ? places : [], frame, { before: open.rows, hasMore: feed.hasOlder })
  }, [version, width, hidden])

  const shown = useRef(range)
  const settled = useRef<number | null>(null)
  /** As it was laid out before. */
  const seen = useRef<Rows | null>(null)
  const look = (wanted?: number) => {
    const element = list.current
    if (!element || rows.firsts.length < 2) return
    const screen = innerHeight
    const top = element.getBoundingClientRect().top
    const y = wanted ?? shown.current.leftOut - top
    const leftOut = leftOutAt(y, rows.height, shown.current.leftOut)
    const off = y - leftOut + top
    if (Math.abs(off) >= 1) scrollBy(0, off)
    // What was looked at before it was laid out anew is looked at still, until the reader scrolls.
    if (wanted !== undefined) settled.current = scrollY
    else if (scrollY !== settled.current || !open.anchor) {
      settled.current = null
      const bar = document.querySelector<HTMLElement>('header.bar')?.offsetHeight ?? 0
      open.anchor = anchorAt(rows, y, { screen, bar })
    }
    const from = Math.max(0, rowAt(rows, y) - SPARE_ROWS)
    const to = Math.min(rows.firsts.length - 1, rowAt(rows, y + screen) + 1 + SPARE_ROWS)
    const is = shown.current
    if (is.from !== from || is.to !== to || is.leftOut !== leftOut) {
      shown.current = { from, to, leftOut }
      setRange(shown.current)
    }
    if (feed.hasOlder && rows.height - y < AHEAD * screen && !open.problem.value) void open.older()
    if (feed.hasNewer && y < AHEAD * screen && !open.problem.value) void open.newer()
  }

  // In the frame in which it is laid out anew.
  useLayoutEffect(() => {
    // Who has not scrolled sees what is above the photos, too.
    const isAtTop = seen.current !== null && scrollY === 0 && seen.current.places[0] === rows.places[0]
    if (width > 0) open.rows = rows
    look(open.anchor && !isAtTop ? yOf(rows, open.anchor, feed, hidden) : undefined)
    seen.current = rows.firsts.length > 1 ? rows : null
  }, [rows])

  // What could not be asked for meanwhile.
  const isIdle = !open.isBusy.value && open.problem.value === null
  useEffect(() => {
    if (isIdle) look()
  }, [isIdle])

  useEffect(() => {
    feed.show(hidden + (rows.firsts[range.from] ?? 0), hidden + (rows.firsts[range.to] ?? 0))
  }, [rows, range])

  useEffect(() => {
    let resting: ReturnType<typeof setTimeout> | undefined
    const rest = () => {
      if (open.anchor) keepState({ anchor: open.anchor })
    }
    const scrolled = () => {
      look()
      clearTimeout(resting)
      resting = setTimeout(rest, REST_MS)
    }
    addEventListener('scroll', scrolled, { passive: true })
    // Before anybody goes anywhere.
    addEventListener('click', rest, { capture: true })
    addEventListener('pagehide', rest)
    return () => {
      clearTimeout(resting)
      removeEventListener('scroll', scrolled)
      removeEventListener('click', rest, { capture: true })
      removeEventListener('pagehide', rest)
    }
  }, [rows])

  const delivery = useDelivery(feed.delivery)
  const tiles = useTiles()
  const moves = useMoves({ rows, focused, onMove: setFocused, list, onLook: look, leftOut: range.leftOut })
  const nodes: VNode[] = []
  const add = (row: number) => {
    for (const { index, start, width: wide } of tilesOf(rows, row)) {
      const place = rows.places[index] as Place
      const top = (rows.tops[row] ?? 0) - range.leftOut
      const of = feed.hasOlder ? -1 : rows.places.length
      const props = {
        place,
        photo: place.photo,
        top,
        start,
        width: wide,
        height: Math.round(rows.heights[row] ?? 0),
      }
      nodes.push(tiles({ ...props, place, index, of, delivery, isUrgent: row < 2, onGone: open.tell }))
    }
  }
  const last = Math.min(range.to, rows.firsts.length - 1)
  for (let row = range.from; row < last; row++) add(row)
  const kept = focused ? rows.places.indexOf(focused) : -1
  const keptRow = kept < 0 ? -1 : rowOf(rows, kept)
  // Who has the focus keeps it, wherever else is looked.
  if (keptRow >= 0 && (keptRow < range.from || keptRow >= last)) add(keptRow)

  return (
    <div
      ref={list}
      class="feed-list"
      role="feed"
      aria-label={label}
      aria-busy={open.isBusy.value}
      style={{ blockSize: `${Math.min(rows.height, TALLEST)}px` }}
      {...moves}
    >
      {nodes}
    </div>
  )
}

/** A tile that is as it was is the same node: nothing of it is compared. */
function useTiles(): (props: TileProps) => VNode {
  const known = useRef(new Map<string, { props: TileProps; node: VNode }>())
  const next = new Map<string, { props: TileProps; node: VNode }>()
  useEffect(() => {
    known.current = next
  })
  return (props) => {
    const found = known.current.get(props.place.id)
    const isSame =
      found && (Object.keys(props) as (keyof TileProps)[]).every((key) => found.props[key] === props[key])
    const entry = isSame ? found : { props, node: <Tile key={props.place.id} {...props} /> }
    next.set(props.place.id, entry)
    return entry.node
  }
}

/** The same one for as long as it opens the same. */
function useDelivery(delivery: Delivery | undefined): Delivery | undefined {
  const kept = useRef(delivery)
  if (kept.current?.query !== delivery?.query) kept.current = delivery
  return kept.current
}

function useWidth(element: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const { current } = element
    if (!current) return
    const measure = () => setWidth(Math.floor(current.clientWidth))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return width
}
