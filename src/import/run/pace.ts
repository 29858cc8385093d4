/** So many photos of imports wait for workers at most: the queue stays short, and memory and disk with it. */
const MOST_WAITING = 2_000
/** Between two questions how many do. */
const ASK_MS = 1_000
/** While a share is kept to, so long is worked between two rests. */
const TURN_MS = 2_000
const TOO_MANY_WAIT = `${MOST_WAITING.toLocaleString('en')} photos that were imported wait for workers`
/** So many lines are begun between two questions. */
const ASK_LINES = 100

/** When another line of an import may be begun: as a rate says, and while not too much waits for workers. */
export class Pace {
  readonly #rate: number | null
  readonly #share: number
  readonly #waiting: (upTo: number) => Promise<number>
  /** What lets lines wait, in words for an operator; null while nothing does. */
  heldBecause: string | null = null
  #next = performance.now()
  #lines = 0
  #turnEndsAt = performance.now() + TURN_MS

  /** `rate` is in lines a second, `share` in percent of the time; null for no limit. */
  constructor(
    { rate, share = null }: { rate: number | null; share?: number | null },
    waiting: (upTo: number) => Promise<number>,
  ) {
    this.#rate = rate
    this.#share = share ?? 100
    this.#waiting = waiting
  }

  /** Resolves when a line may be begun, or at once when `stop` is aborted. */
  async admit(stop: AbortSignal): Promise<void> {
    if (this.#lines++ % ASK_LINES === 0) {
      while (!stop.aborted && (await this.#waiting(MOST_WAITING)) >= MOST_WAITING) {
        this.heldBecause = TOO_MANY_WAIT
        await pause(ASK_MS, stop)
      }
      this.heldBecause = null
    }
    await this.#rest(stop)
    if (this.#rate === null) return
    const now = performance.now()
    // What was not used up is not saved up.
    this.#next = Math.max(this.#next, now - 1000 / this.#rate) + 1000 / this.#rate
    if (this.#next > now) await pause(this.#next - now, stop)
  }

  /** Begins nothing for as long as the share asks for, after each turn. What was begun ends meanwhile. */
  async #rest(stop: AbortSignal): Promise<void> {
    if (this.#share >= 100 || performance.now() < this.#turnEndsAt) return
    this.heldBecause = `it keeps to ${this.#share} % of the time`
    await pause((TURN_MS * (100 - this.#share)) / this.#share, stop)
    this.heldBecause = null
    this.#turnEndsAt = performance.now() + TURN_MS
  }
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  const timer = setTimeout(end, ms)
  stop.addEventListener('abort', end)
  await promise
  clearTimeout(timer)
  stop.removeEventListener('abort', end)
}
