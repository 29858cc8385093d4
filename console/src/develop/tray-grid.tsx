import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { words } from '../words/words.ts'
import { Tile } from './tile.tsx'
import { drawnOf, type Grid, gridOf, heightOf, placeOf } from './tile-grid.ts'
import type { TrayItem } from './tray-item.ts'

/** Of the caption under a tile, in rem: as in develop.css. */
const CAPTION = 4

/** All tiles, of which those in sight are drawn, and the one that has the focus. */
export function TrayGrid({ items }: { items: readonly TrayItem[] }) {
  const list = useRef<HTMLUListElement>(null)
  const [grid, setGrid] = useState<Grid | null>(null)
  const [sight, setSight] = useState({ top: 0, height: 0 })
  const [focused, setFocused] = useState<string | null>(null)

  useLayoutEffect(() => {
    const element = list.current
    if (!element) return
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    let isDue = false
    const look = () => {
      isDue = false
      const { top } = element.getBoundingClientRect()
      setSight({ top: -top, height: innerHeight })
    }
    const lookSoon = () => {
      if (!isDue) requestAnimationFrame(look)
      isDue = true
    }
    const measure = () => {
      setGrid(gridOf(element.clientWidth, CAPTION * rem))
      look()
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    const listening = new AbortController()
    for (const type of ['scroll', 'resize'])
      addEventListener(type, lookSoon, { passive: true, signal: listening.signal })
    return () => {
      observer.disconnect()
      listening.abort()
    }
  }, [])

  const drawn = grid ? indexesOf(grid, items, sight, focused) : []
  return (
    <ul
      ref={list}
      class="tray"
      // biome-ignore lint/a11y/noRedundantRoles: lists without bullets are none to Safari.
      role="list"
      aria-label={words.value.develop.tray}
      style={{ blockSize: `${grid ? heightOf(grid, items.length) : 0}px` }}
      onFocusIn={({ target }) => setFocused((target as Element).closest('li')?.dataset.key ?? null)}
      onFocusOut={() => setFocused(null)}
    >
      {grid &&
        drawn.map((index) => {
          const item = items[index] as TrayItem
          const { x, y } = placeOf(grid, index)
          return (
            <li
              key={item.key}
              data-key={item.key}
              data-state={item.state}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              style={{ insetInlineStart: `${x}px`, insetBlockStart: `${y}px`, inlineSize: `${grid.tile}px` }}
            >
              <Tile item={item} size={grid.tile} />
            </li>
          )
        })}
    </ul>
  )
}

function indexesOf(
  grid: Grid,
  items: readonly TrayItem[],
  sight: { top: number; height: number },
  focused: string | null,
): number[] {
  const { first, end } = drawnOf(grid, items.length, sight)
  const indexes = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i)
  const kept = focused === null ? -1 : items.findIndex(({ key }) => key === focused)
  if (kept >= 0 && (kept < first || kept >= end)) indexes.push(kept)
  return indexes.sort((a, b) => a - b)
}
