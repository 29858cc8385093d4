import type { Photo, PhotoPage } from '../../clients/typescript/src/darkroom-client.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Cut, Page, Seen } from './page-ledger.ts'

export type Pages = {
  /** Its path. */
  path: string
  url: string
  token: string
  name: string
  isOf: Page['isOf']
}

/** What is asked for with it, and the cursor that the page before gave for it, if there was one. */
export type Asked = { cut: Cut; cursor?: string; limit: number }

/** How a page is asked for again that may not have changed. */
export type KnownPage = { etag: string; reply: PhotoPage }

export type Answer =
  | { name: 'page'; page: Page; previous: string | null; next: string | null; known: KnownPage }
  | { name: 'not found'; askedAt: number; answeredAt: number }
  /** It can't be had now, which says nothing. */
  | { name: 'unavailable' }
  | { name: 'refused'; status: number; text: string }

const ANSWER_MS = 60_000

/** One page; `known` is sent along, so that what is there already need not come again. */
export async function askPage(
  pages: Pages,
  { cut, cursor, limit }: Asked,
  known?: KnownPage,
): Promise<Answer> {
  const { url, path, token, name, isOf } = pages
  const query = new URLSearchParams({ limit: String(limit), presets: 'thumb', urls: 'parts' })
  if (cut.side !== 'newest') query.set(cut.side, cursor ?? cut.photo.id)
  const headers = { authorization: `Bearer ${token}`, ...(known && { 'if-none-match': known.etag }) }
  const askedAt = performance.now()
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const reply = await fetch(`${url}${path}?${query}`, { headers, signal })
    const text = await reply.text()
    const answeredAt = performance.now()
    if (reply.status === 404 && cut.side === 'around') return { name: 'not found', askedAt, answeredAt }
    if (reply.status === 503) return { name: 'unavailable' }
    if (!reply.ok && reply.status !== 304) return { name: 'refused', status: reply.status, text }
    const body = known && reply.status === 304 ? known.reply : (JSON.parse(text) as PhotoPage)
    const { photos, previous, next } = body
    const page = {
      name,
      cut,
      limit,
      photos: photos.map(seenOf),
      hasNewer: previous !== null,
      hasOlder: next !== null,
    }
    return {
      name: 'page',
      page: { ...page, askedAt, answeredAt, isOf },
      previous,
      next,
      known: { etag: reply.headers.get('etag') ?? '', reply: body },
    }
  } catch {
    return { name: 'unavailable' }
  }
}

const seenOf = ({ id, owner, createdAt }: Photo): Seen => ({ id, owner: owner as OwnerId, createdAt })
