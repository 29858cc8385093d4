import type { Signal } from './platform.ts'

const FIRST_MS = 500
const MOST_MS = 30_000

const { setTimeout, clearTimeout } = globalThis as unknown as {
  setTimeout(run: () => void, ms: number): number
  clearTimeout(timer: number): void
}

/**
 * How long to wait before the next attempt: what the server said, or a random time up to a bound that doubles, so that many
 * clients do not come back at once ("full jitter",
 * https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
export function waitMs(attempt: number, retryAfterMs: number | null, random = Math.random): number {
  const bound = Math.min(MOST_MS, FIRST_MS * 2 ** attempt)
  const jitter = random() * bound
  return retryAfterMs === null ? jitter : retryAfterMs + Math.min(jitter, 1_000)
}

/** Throws the signal's reason when it is aborted meanwhile. */
export async function sleep(ms: number, signal?: Signal): Promise<void> {
  if (signal?.aborted) throw signal.reason
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort)
  })
}
