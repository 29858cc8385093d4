export type InOrderOptions = {
  atOnce: number
  /** Begins nothing more once it is aborted. */
  stop: AbortSignal
  /** Resolves when another may be begun, or at once when the signal is aborted. */
  admit(stop: AbortSignal): Promise<void>
}

/**
 * What becomes of each item, in their order, each as soon as it and all before it have ended, while so many are worked on
 * at a time. Whoever reads no further waits for those that were begun.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item, index: number) => Promise<Result>,
  { atOnce, stop, admit }: InOrderOptions,
): AsyncGenerator<Result> {
  const leaving = new AbortController()
  const stopped = AbortSignal.any([stop, leaving.signal])
  const begun: Promise<Result>[] = []
  const more = new Bell()
  const room = new Bell()
  let isEnd = false

  const begin = async () => {
    let index = 0
    const iterator = items[Symbol.asyncIterator]()
    try {
      while (!stopped.aborted) {
        if (begun.length >= atOnce) {
          await room.rung()
          continue
        }
        await admit(stopped)
        const next = stopped.aborted ? null : await iterator.next()
        if (!next || next.done) break
        const working = work(next.value, index++)
        // Thrown when its turn comes, and nowhere else.
        working.catch(() => {})
        begun.push(working)
        more.ring()
      }
    } finally {
      isEnd = true
      more.ring()
      await iterator.return?.()
    }
  }

  const beginning = begin()
  beginning.catch(() => {})
  try {
    for (;;) {
      const first = begun[0]
      if (first) {
        const result = await first
        void begun.shift()
        room.ring()
        yield result
      } else if (isEnd) break
      else await more.rung()
    }
    await beginning
  } finally {
    leaving.abort()
    room.ring()
    await Promise.allSettled([beginning, ...begun])
  }
}

/** Whoever waits for it goes on when it is rung, and at once when it was since the last time. */
class Bell {
  #isRung = false
  #wake = () => {}

  ring(): void {
    this.#isRung = true
    this.#wake()
  }

  async rung(): Promise<void> {
    if (!this.#isRung) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    this.#isRung = false
  }
}
