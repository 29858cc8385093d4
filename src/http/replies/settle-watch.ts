import { setTimeout as sleep } from 'node:timers/promises'
import type { Photos } from '../../catalog/photos/photos.ts'
import type { PhotoId } from '../../photo/photo-id.ts'

const POLL_MS = 50

/**
 * Tells requests when photos wait for no more work. However many wait, each database is asked one question at a time,
 * and none when nobody waits. One that does not answer holds up nobody who waits for photos of another.
 */
export class SettleWatch {
  readonly #catalog: { photos: Pick<Photos, 'settled' | 'placeOf'> }
  readonly #waiting = new Map<PhotoId, Set<() => void>>()
  /** The places that are being asked. */
  readonly #asked = new Set<unknown>()
  readonly #stopping: AbortSignal
  #isPolling = false

  /** When `stopping` is aborted nobody waits any longer. */
  constructor(catalog: { photos: Pick<Photos, 'settled' | 'placeOf'> }, stopping: AbortSignal) {
    this.#catalog = catalog
    this.#stopping = stopping
    stopping.addEventListener('abort', () => {
      for (const waiters of this.#waiting.values()) for (const resolve of waiters) resolve()
    })
  }

  /** Resolves when the photo is settled, or after `ms`, whichever comes first. */
  async settled(id: PhotoId, ms: number): Promise<void> {
    if (this.#stopping.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiters = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiters.add(resolve))
    const timer = setTimeout(resolve, ms)
    if (!this.#isPolling) void this.#poll()

    await promise
    clearTimeout(timer)
    waiters.delete(resolve)
    if (waiters.size === 0) this.#waiting.delete(id)
  }

  async #poll(): Promise<void> {
    this.#isPolling = true
    while (this.#waiting.size > 0) {
      for (const [place, ids] of Map.groupBy(this.#waiting.keys(), (id) =>
        this.#catalog.photos.placeOf(id),
      )) {
        if (!this.#asked.has(place)) void this.#ask(place, ids)
      }
      await sleep(POLL_MS)
    }
    this.#isPolling = false
  }

  async #ask(place: unknown, ids: readonly PhotoId[]): Promise<void> {
    this.#asked.add(place)
    // A database that is unavailable tells nothing; those who wait have their own time limit.
    const settled = await this.#catalog.photos.settled(ids).catch(() => new Set<PhotoId>())
    this.#asked.delete(place)
    for (const id of settled) for (const resolve of this.#waiting.get(id) ?? []) resolve()
  }
}
