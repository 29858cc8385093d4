import { hash } from 'node:crypto'

/** A URL lives for `minLifeSeconds` at least, and for less than a window more. Whole seconds. */
export type ExpiryRule = { windowSeconds: number; minLifeSeconds: number }

/**
 * When what is signed now for somebody expires, in seconds since 1970: their next turn of the window that leaves the
 * least life. Every process that reckons it within one window gets the same; `now` is in milliseconds.
 */
export function expiryOf(whom: string, now: number, { windowSeconds, minLifeSeconds }: ExpiryRule): number {
  const turn = turnOf(whom, windowSeconds)
  const earliest = Math.ceil(now / 1000) + minLifeSeconds
  return turn + Math.ceil((earliest - turn) / windowSeconds) * windowSeconds
}

/** Viewers, and photos, turn at times spread over the window, so that URLs don't all change, and miss every cache, at once. */
function turnOf(whom: string, windowSeconds: number): number {
  return Number.parseInt(hash('sha256', whom).slice(0, 12), 16) % windowSeconds
}
