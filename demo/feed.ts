import { setTimeout as sleep } from 'node:timers/promises'
import type { Photo, PhotoPage } from '../clients/typescript/src/darkroom-client.ts'

const BETWEEN_MS = 200

/** The newest page of a feed as it was last answered, and how long that took; the last answer that it was unchanged. */
export type Page = { photos: readonly Photo[]; ms: number; unchangedMs: number }

/**
 * Asks for the newest page again and again, as an app that is looked at does: what it has already does not come twice. Goes on until
 * told to stop, by throwing its reason.
 */
export async function watchFeed(
  { url, token, limit }: { url: string; token: string; limit: () => number },
  onPage: (page: Page) => void,
  stop: AbortSignal,
): Promise<never> {
  let page: Page = { photos: [], ms: 0, unchangedMs: 0 }
  let etag = ''
  for (;;) {
    const query = `limit=${limit()}&presets=thumb&formats=jpeg&urls=parts`
    const headers = { authorization: `Bearer ${token}`, 'if-none-match': etag }
    const startedAt = performance.now()
    const reply = await fetch(`${url}/v1/feed?${query}`, { headers, signal: stop })
    const text = await reply.text()
    const ms = performance.now() - startedAt
    if (reply.status === 304) {
      page = { ...page, unchangedMs: ms }
    } else if (reply.status === 200) {
      etag = reply.headers.get('etag') ?? ''
      page = { ...page, photos: (JSON.parse(text) as PhotoPage).photos, ms }
    } else {
      throw new Error(`The feed was answered with ${reply.status}: ${text}`)
    }
    onPage(page)
    await sleep(BETWEEN_MS, undefined, { signal: stop })
  }
}
