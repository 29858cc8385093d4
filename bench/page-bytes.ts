import { fastify } from 'fastify'
import type { Catalog } from '../src/catalog/catalog.ts'
import type { FeedPage } from '../src/catalog/photos/feed-page.ts'
import type { Cdn } from '../src/delivery/cdn.ts'
import { ownFilters } from '../src/filters/filter-book.ts'
import { compileInput } from '../src/http/check-input.ts'
import { addCompression } from '../src/http/replies/compression.ts'
import { ownerPhotosRoute } from '../src/http/routes/owner-photos.ts'
import type { Photo } from '../src/photo/photo.ts'
import type { OwnerId } from '../src/photo/shard.ts'
import { OWNER } from './darkroom.ts'

/** The bytes of a body as the API sends these photos of one owner to somebody else, newest first. */
export async function pageBytes(
  photos: readonly Photo[],
  cdn: Cdn,
  query: string,
  encoding: 'br' | 'gzip' | 'identity',
): Promise<number> {
  const app = fastify()
  app.setValidatorCompiler(compileInput)
  addCompression(app)
  app.decorateRequest('owner', 'a-stranger' as OwnerId)
  const page: FeedPage = { photos: photos.toReversed(), previous: null, next: null }
  const catalog = { photos: { list: async () => page } } as unknown as Catalog
  await app.register(ownerPhotosRoute({ catalog, cdn, recipes: { presets: [], filters: ownFilters() } }))

  const reply = await app.inject({
    url: `/v1/owners/${OWNER}/photos?${query}`,
    headers: { 'accept-encoding': encoding },
  })
  if (reply.statusCode !== 200) throw new Error(`The page is ${reply.statusCode}: ${reply.body}`)
  return reply.rawPayload.length
}
