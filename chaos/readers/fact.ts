/** Times are those of `performance.now()`. */
type Known = { since: number; value: boolean | null }

/**
 * Something that somebody changes by asking for it until it is granted. From the first time that it is asked for until then
 * nobody knows whether it is so.
 */
export class Fact {
  readonly #known: Known[]
  #isAsked = false

  /** Null while it is not known from the beginning. */
  constructor(value: boolean | null) {
    this.#known = [{ since: Number.NEGATIVE_INFINITY, value }]
  }

  ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#note(null)
  }

  /** What was asked for is so; null when that does not say whether this is. */
  grant(value: boolean | null): void {
    this.#isAsked = false
    this.#note(value)
  }

  /**
   * Somebody who asked then has just seen that it is so, which says nothing if somebody else has meanwhile asked for a change.
   * All others see it after so many milliseconds.
   */
  see(value: boolean, { askedAt, withinMs }: { askedAt: number; withinMs: number }): void {
    const last = this.#known.at(-1) as Known
    if (!this.#isAsked && last.value === null && last.since < askedAt) this.#note(value, withinMs)
  }

  /** What it was for all of that time; null when that is not known, or it was not the same. */
  throughout(from: number, to: number): boolean | null {
    const values = this.#known
      .filter(({ since }, index) => since <= to && (this.#known[index + 1]?.since ?? Infinity) > from)
      .map(({ value }) => value)
    return values.every((value) => value === values[0]) ? (values[0] ?? null) : null
  }

  #note(value: boolean | null, afterMs = 0): void {
    const now = performance.now()
    // What was to be known only later is not, as something has changed before.
    while ((this.#known.at(-1) as Known).since > now) this.#known.pop()
    this.#known.push({ since: now + afterMs, value })
  }
}
