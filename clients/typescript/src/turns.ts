import type { Signal } from './platform.ts'

/** Lets so many act at a time; the others wait, in the order in which they came. */
export class Turns {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  /** Throws the signal's reason when it is aborted before the turn comes. */
  async take<Value>(act: () => Promise<Value>, signal: Signal): Promise<Value> {
    await this.#wait(signal)
    try {
      return await act()
    } finally {
      this.#next()
    }
  }

  async #wait(signal: Signal): Promise<void> {
    if (signal.aborted) throw signal.reason
    if (this.#free > 0) {
      this.#free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#waiting.delete(begin)
        reject(signal.reason)
      }
      this.#waiting.add(begin)
      signal.addEventListener('abort', abort)
    })
  }

  #next(): void {
    const [begin] = this.#waiting
    if (!begin) {
      this.#free++
      return
    }
    this.#waiting.delete(begin)
    begin()
  }
}
