import { useEffect, useState } from 'preact/hooks'

export type Pages<Item> = {
  /** All that were read so far; null before the first page. */
  items: readonly Item[] | null
  hasMore: boolean
  /** Why the last page could not be read. */
  problem: string | null
  /** Reads the next page; after a problem the one that failed. */
  more(): void
}

/** What an operator's list has, page by page, and from its beginning again when `about` changes. */
export function usePages<Item>(
  read: (after: string | null) => Promise<{ items: readonly Item[]; next: string | null }>,
  about: readonly unknown[],
): Pages<Item> {
  const [items, setItems] = useState<readonly Item[] | null>(null)
  /** Behind which the next page begins. */
  const [after, setAfter] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const load = async (after: string | null) => {
    setProblem(null)
    setAfter(after)
    try {
      const page = await read(after)
      setItems((before) => [...(after === null ? [] : (before ?? [])), ...page.items])
      setAfter(page.next)
    } catch (error) {
      setProblem((error as Error).message)
    }
  }
  useEffect(() => void load(null), about)

  return { items, hasMore: after !== null, problem, more: () => void load(after) }
}
