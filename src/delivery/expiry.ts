import { createHash } from 'node:crypto'
import type { PhotoId } from '../photo/photo-id.ts'

/** A URL lives for `minLifeSeconds` at least, and for less than a window more. Whole seconds. */
export type ExpiryRule = { windowSeconds: number; minLifeSeconds: number }

/**
 * When the photo's URLs made now expire, in seconds since 1970: the next turn of its window that leaves the
 * least life. Every process that reckons it within one window gets the same; `now` is in milliseconds.
 */
export function expiryOf(id: PhotoId, now: number, { windowSeconds, minLifeSeconds }: ExpiryRule): number {
  const turn = turnOf(id, windowSeconds)
  const earliest = Math.ceil(now / 1000) + minLifeSeconds
  return turn + Math.ceil((earliest - turn) / windowSeconds) * windowSeconds
}

/** Photos turn at times spread over the window, so that their URLs don't all change, and miss every cache, at once. */
function turnOf(id: PhotoId, windowSeconds: number): number {
  return createHash('sha256').update(id).digest().readUIntBE(0, 6) % windowSeconds
}
