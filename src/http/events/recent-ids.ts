import { addedAt, type PhotoId } from '../../photo/photo-id.ts'

const AGE_MS = 600_000

/** Ids of the last ten minutes, each once: what comes again, as with a shard that moves, is known, or too old to be new. */
export class RecentIds {
  #recent = new Set<PhotoId>()
  #before = new Set<PhotoId>()
  #renewAt = 0

  /** Whether the id is new at that time. */
  add(id: PhotoId, now: number): boolean {
    if (now >= this.#renewAt) {
      this.#before = this.#recent
      this.#recent = new Set()
      this.#renewAt = now + AGE_MS
    }
    if (addedAt(id).getTime() < now - AGE_MS || this.#recent.has(id) || this.#before.has(id)) return false
    this.#recent.add(id)
    return true
  }
}
