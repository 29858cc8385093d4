import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { useAct } from './use-act.ts'
import { Why } from './why.tsx'

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
  const { isBusy, problem, act } = useAct()
  const after = isBegun ? next : from
  const load = () =>
    act(async () => {
      if (after === null) return
      const page = await read(after)
      setItems((before) => [...before, ...page.items])
      setNext(page.next)
      setBegun(true)
    })
  return (
    <>
      {items.length > 0 && children(items)}
      <Why why={problem} />
      {after !== null && (
        <button type="button" class="button" disabled={isBusy} onClick={() => void load()}>
          {title}
        </button>
      )}
    </>
  )
}
