/** The body of a request that is kept in pieces, so that what has come is kept when it breaks off. */

/** So long nothing may come before what is there is kept. */
const PAUSE_MS = 2_000

export type ChunkSize = {
  /** A chunk ends after so many bytes. */
  most: number
  /** With so many it also ends when nothing comes for 2 s: the connection may be dead, and its client about to ask. */
  worthKeeping: number
}

/**
 * A body that is read as chunks, one after the other. Where it breaks off it ends, and tells later why.
 */
export class BreakableBody {
  readonly #source: AsyncIterator<Buffer>
  /** Asked for, and not given to a chunk yet. */
  #next: Promise<Buffer | null> | null = null
  #broke: { reason: unknown } | null = null

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Resolves when there is something for a chunk, or to false at the end. */
  async hasMore(): Promise<boolean> {
    return (await this.#peek()) !== null
  }

  /** What comes, until the chunk or the body ends. */
  async *chunk({ most, worthKeeping }: ChunkSize): AsyncGenerator<Buffer> {
    for (let bytes = 0; bytes < most; ) {
      const piece = bytes < worthKeeping ? await this.#peek() : await this.#peekSoon()
      if (piece === null) return
      this.#next = null
      bytes += piece.length
      yield piece
    }
  }

  /** Throws the reason why the body broke off, if it did. */
  throwIfBroken(): void {
    if (this.#broke) throw this.#broke.reason
  }

  /** Reads no more. */
  close(): void {
    void this.#source.return?.()
  }

  async #peek(): Promise<Buffer | null> {
    this.#next ??= this.#read()
    return await this.#next
  }

  /** Null also when nothing comes for a while. */
  async #peekSoon(): Promise<Buffer | null> {
    let timer: NodeJS.Timeout | undefined
    const pause = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), PAUSE_MS)
    })
    try {
      return await Promise.race([this.#peek(), pause])
    } finally {
      clearTimeout(timer)
    }
  }

  async #read(): Promise<Buffer | null> {
    if (this.#broke) return null
    try {
      const { done, value } = await this.#source.next()
      return done ? null : value
    } catch (reason) {
      this.#broke = { reason }
      return null
    }
  }
}
