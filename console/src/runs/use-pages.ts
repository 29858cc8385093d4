import { useEffect, useRef, useState } from 'preact/hooks'
import { whyOf } from '../parts/why.tsx'

export type Page<Item> = { items: readonly Item[]; next: string | null }

export type Pages<Item> = {
  /** All that were read so far; null before the first page. */
  items: readonly Item[] | null
  hasMore: boolean
  /** Why the last page could not be read. */
  problem: string | null
  /** Reads the next page, unless one is being read; after a problem the one that failed. */
  more(): void
}

/** What an operator's list has, page by page, and from its beginning again when `about` changes. */
export function usePages<Item>(
  read: (after: string | null) => Promise<Page<Item>>,
  about: readonly unknown[],
): Pages<Item> {
  const [items, setItems] = useState<readonly Item[] | null>(null)
  /** Behind which the next page begins. */
  const [after, setAfter] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  /** The page that is being read: what was asked for before it is of another list. */
  const reading = useRef<symbol | null>(null)
  const load = async (after: string | null) => {
    const own = Symbol('page')
    reading.current = own
    setProblem(null)
    setAfter(after)
    try {
      const page = await read(after)
      if (reading.current !== own) return
      setItems((before) => [...(after === null ? [] : (before ?? [])), ...page.items])
      setAfter(page.next)
    } catch (error) {
      if (reading.current === own) setProblem(whyOf(error))
    } finally {
      if (reading.current === own) reading.current = null
    }
  }
  useEffect(() => {
    void load(null)
    return () => {
      reading.current = null
    }
  }, about)

  return { items, hasMore: after !== null, problem, more: () => void (reading.current ?? load(after)) }
}
