type Sample = { at: number; bytes: number }

/** What is told is that of the last seconds. */
const WINDOW_MS = 8_000
/** Of less than that nothing can be said. */
const LEAST_MS = 1_500

/** How fast bytes go out, from what was sent until each moment. */
export class Pace {
  #samples: Sample[] = []

  /** Begins anew where less is sent than before: something was sent again, or other files came. */
  add(at: number, bytes: number): void {
    if (bytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples = []
    this.#samples.push({ at, bytes })
    const since = at - WINDOW_MS
    while ((this.#samples[1]?.at ?? at) <= since) this.#samples.shift()
  }

  /** Null until there is enough to tell. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (!first || !last || last.at - first.at < LEAST_MS || last.bytes === first.bytes) return null
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000
  }
}
