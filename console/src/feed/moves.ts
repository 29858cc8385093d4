import type { Place } from 'darkroom-client'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { type Rows, rowOf, tilesOf } from './rows.ts'

type Moves = {
  rows: Rows
  focused: Place | null
  onMove: (place: Place | null) => void
  list: { current: HTMLElement | null }
  /** Brings that height of the rows to the upper edge of the screen. */
  onLook: (y: number) => void
  leftOut: number
}

/** From photo to photo by keys: arrows, Page Up and Down, Home and End. */
export function useMoves({ rows, focused, onMove, list, onLook, leftOut }: Moves) {
  const isMoving = useRef(false)

  useLayoutEffect(() => {
    if (!isMoving.current || !focused) return
    const link = list.current?.querySelector<HTMLElement>(`[data-photo="${focused.id}"] a`)
    if (!link) return
    isMoving.current = false
    link.focus({ preventScroll: true })
  })

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const index = focused ? rows.places.indexOf(focused) : -1
    if (index < 0) return
    const to = targetOf(event.key, rows, index)
    const place = to === null ? undefined : rows.places[to]
    if (to === null || !place) return
    event.preventDefault()
    isMoving.current = true
    onMove(place)
    const y = yToShow(rows, rowOf(rows, to), leftOut, list.current)
    if (y !== null) onLook(y)
  }
  const onFocusIn = ({ target }: FocusEvent) => {
    const id = (target as HTMLElement).closest<HTMLElement>('[data-photo]')?.dataset.photo
    const place = rows.places.find((one) => one.id === id)
    if (place && place !== focused) onMove(place)
  }
  const onFocusOut = ({ relatedTarget }: FocusEvent) => {
    if (!isMoving.current && !list.current?.contains(relatedTarget as Node | null)) onMove(null)
  }
  return { onKeyDown, onFocusIn, onFocusOut }
}

/** Null for a key that moves nowhere. */
export function targetOf(key: string, rows: Rows, index: number, isRtl = isRightToLeft()): number | null {
  const laid = (rows.firsts.at(-1) ?? 0) - 1
  const inside = (to: number) => Math.max(0, Math.min(laid, to))
  const row = rowOf(rows, index)
  switch (key) {
    case 'ArrowRight':
      return inside(index + (isRtl ? -1 : 1))
    case 'ArrowLeft':
      return inside(index + (isRtl ? 1 : -1))
    case 'ArrowDown':
      return nearest(rows, index, row + 1)
    case 'ArrowUp':
      return nearest(rows, index, row - 1)
    case 'PageDown':
      return nearest(rows, index, Math.max(row + 1, rowAway(rows, row, 1)))
    case 'PageUp':
      return nearest(rows, index, Math.min(row - 1, rowAway(rows, row, -1)))
    case 'Home':
      return 0
    case 'End':
      return inside(laid)
    default:
      return null
  }
}

function rowAway(rows: Rows, row: number, direction: 1 | -1): number {
  const goal = (rows.tops[row] ?? 0) + direction * 0.8 * innerHeight
  let to = row
  while (to + direction >= 0 && to + direction < rows.heights.length) {
    to += direction
    if (direction * ((rows.tops[to] ?? 0) - goal) >= 0) break
  }
  return to
}

/** The photo of that row that is nearest to the middle of this one. */
function nearest(rows: Rows, index: number, row: number): number {
  const to = Math.max(0, Math.min(rows.heights.length - 1, row))
  const own = tilesOf(rows, rowOf(rows, index)).find((tile) => tile.index === index)
  const middle = (own?.start ?? 0) + (own?.width ?? 0) / 2
  const away = ({ start, width }: { start: number; width: number }) => Math.abs(start + width / 2 - middle)
  return tilesOf(rows, to).reduce((best, tile) => (away(tile) < away(best) ? tile : best)).index
}

/** Null if all of the row is seen already. */
function yToShow(rows: Rows, row: number, leftOut: number, list: HTMLElement | null): number | null {
  const y = leftOut - (list?.getBoundingClientRect().top ?? 0)
  const bar = document.querySelector('header.bar')?.clientHeight ?? 0
  const top = rows.tops[row] ?? 0
  const bottom = top + (rows.heights[row] ?? 0)
  const margin = 8
  if (top < y + bar) return top - bar - margin
  if (bottom > y + innerHeight) return bottom - innerHeight + margin
  return null
}

function isRightToLeft(): boolean {
  return document.documentElement.dir === 'rtl'
}
