/** A pause ends after so long, and the next begins when that was earned again in part. */
const LONGEST_PAUSE_MS = 1_000
const SHORTEST_PAUSE_MS = 250
/** Each moment of running earns so much of pause: beside work that never ends, the others have a third of the time. */
const EARNED = 2

/**
 * Pauses processes while others do work for which somebody waits: a low priority leaves these the cycles, but not the
 * caches and the memory of the machine. Each pause is bounded: what the paused ones hold comes free soon, nobody takes
 * them for dead, and they get on. Disposing lets all run.
 *
 * @NOTE A process that is paused does not see that its supervisor died: the system must end it then (parent-death.ts).
 */
export class Precedence implements Disposable {
  #others: () => readonly number[]
  readonly #working = new Set<unknown>()
  #paused: readonly number[] = []
  #creditMs = LONGEST_PAUSE_MS
  #changedAt = performance.now()
  #timer: NodeJS.Timeout | undefined

  /** `others` are the process ids of those that give way, as they run at the moment. */
  constructor(others: () => readonly number[]) {
    this.#others = others
  }

  /** That somebody works now, or does not. */
  tell(who: unknown, isWorking: boolean): void {
    if (isWorking) this.#working.add(who)
    else this.#working.delete(who)
    this.#settle()
  }

  [Symbol.dispose](): void {
    this.#others = () => []
    this.#working.clear()
    this.#settle()
  }

  #settle(): void {
    clearTimeout(this.#timer)
    const isPaused = this.#paused.length > 0
    const now = performance.now()
    const passed = now - this.#changedAt
    this.#changedAt = now
    this.#creditMs = Math.min(LONGEST_PAUSE_MS, this.#creditMs + (isPaused ? -passed : EARNED * passed))

    const wantsPause = this.#working.size > 0
    const mayPause = this.#creditMs >= (isPaused ? 1 : SHORTEST_PAUSE_MS)
    if (wantsPause && mayPause) this.#pause()
    else this.#resume()
    if (!wantsPause) return
    const nextMs = mayPause ? this.#creditMs : (SHORTEST_PAUSE_MS - this.#creditMs) / EARNED
    this.#timer = setTimeout(() => this.#settle(), Math.max(1, nextMs))
    this.#timer.unref()
  }

  #pause(): void {
    if (this.#paused.length > 0) return
    this.#paused = this.#others().filter((pid) => signal(pid, 'SIGSTOP'))
  }

  #resume(): void {
    for (const pid of this.#paused) signal(pid, 'SIGCONT')
    this.#paused = []
  }
}

/** False when the process has ended. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
