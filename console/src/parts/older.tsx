import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { words } from '../words/words.ts'

type OlderProps<Item> = {
  /** What asks for the next page. */
  title: string
  /** The place behind what is shown already. */
  from: string
  read: (after: string) => Promise<{ items: readonly Item[]; next: string | null }>
  children: (items: readonly Item[]) => ComponentChildren
}

/** What stands behind a page that is asked for again and again: page by page, when it is asked for. */
export function Older<Item>({ title, from, read, children }: OlderProps<Item>) {
  const [items, setItems] = useState<readonly Item[]>([])
  const [next, setNext] = useState<string | null>(null)
  const [isBegun, setBegun] = useState(false)
  const [why, setWhy] = useState<string | null>(null)
  const after = isBegun ? next : from
  const load = async () => {
    if (after === null) return
    setWhy(null)
    try {
      const page = await read(after)
      setItems((before) => [...before, ...page.items])
      setNext(page.next)
      setBegun(true)
    } catch (error) {
      setWhy((error as Error).message)
    }
  }
  return (
    <>
      {items.length > 0 && children(items)}
      {why !== null && <p class="bad">{words.value.common.failed(why)}</p>}
      {after !== null && (
        <button type="button" class="button" onClick={() => void load()}>
          {title}
        </button>
      )}
    </>
  )
}
