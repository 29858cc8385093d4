/** So many places are remembered. Of a replica that stands still for days they are further apart. */
const MOST = 1_000

/**
 * For how long a replica has lacked something that its database had. Times are of one clock, that of who looks at both, as
 * the clocks of the two may differ. Places are those of the log, in bytes.
 */
export class ReplayLag {
  /** What the replica lacks, in order. */
  #ahead: { place: number; at: number }[] = []
  #apartMs = 0

  /** The database is at that place at that time, in milliseconds. Times only go up. */
  note(place: number, at: number): void {
    const last = this.#ahead.at(-1)
    if (last && (last.place >= place || at - last.at < this.#apartMs)) return
    this.#ahead.push({ place, at })
    if (this.#ahead.length < MOST) return
    this.#apartMs = (2 * (at - (this.#ahead[0]?.at ?? at))) / MOST
    this.#ahead = this.#ahead.filter((_, index) => index % 2 === 0)
  }

  /** By how many milliseconds a replica that is at that place now is behind: 0 when it lacks nothing that was noted. */
  of(place: number, now: number): number {
    const next = this.#ahead.findIndex((noted) => noted.place > place)
    this.#ahead = next === -1 ? [] : this.#ahead.slice(next)
    const [first] = this.#ahead
    if (first) return now - first.at
    this.#apartMs = 0
    return 0
  }
}
