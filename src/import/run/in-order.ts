/**
 * What becomes of each item, in their order, while so many are worked on at a time. Ends early, when all that were begun
 * have ended, once `stop` is aborted; and before an item is begun `admit` may let it wait.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item, index: number) => Promise<Result>,
  { atOnce, stop, admit }: { atOnce: number; stop: AbortSignal; admit: () => Promise<void> },
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = []
  const iterator = items[Symbol.asyncIterator]()
  let index = 0
  let isEnd = false
  try {
    for (;;) {
      while (begun.length < atOnce && !isEnd && !stop.aborted) {
        await admit()
        if (stop.aborted) break
        const next = await iterator.next()
        if (next.done) isEnd = true
        else {
          const working = work(next.value, index++)
          // Thrown when its turn comes, and nowhere else.
          working.catch(() => {})
          begun.push(working)
        }
      }
      const first = begun.shift()
      if (!first) return
      yield await first
    }
  } finally {
    await Promise.allSettled(begun)
    await iterator.return?.()
  }
}
