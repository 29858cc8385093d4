import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { feedPhoto } from '../bench/feed-photos.ts'
import { SignedCdn } from '../src/delivery/signed-cdn.ts'
import { ownFilters } from '../src/filters/filter-book.ts'
import { ToldPhotos } from '../src/http/replies/photo-reply.ts'
import type { Photo } from '../src/photo/photo.ts'
import { KEY, ORIGIN, VIEWER } from './support/edge.ts'

// Signs as ever, and is counted.
const sign = vi.spyOn(crypto, 'sign')
syncBuiltinESMExports()

beforeEach(() => void sign.mockClear())
afterAll(() => {
  sign.mockRestore()
  syncBuiltinESMExports()
})

const recipes = { presets: [], filters: ownFilters() }

const page = () => Array.from({ length: 30 }, (_, index) => feedPhoto(index))
const openCdn = () => new SignedCdn({ origin: ORIGIN, key: KEY, windowSeconds: 86_400, minLifeSeconds: 3600 })

test.each(['full', 'parts'] as const)(
  'a page of 30 photos that nobody has seen costs one signature, and the next none (urls=%s)',
  (urls) => {
    const audience = { viewer: VIEWER, wishes: { urls }, cdn: openCdn(), recipes }

    new ToldPhotos(page(), audience).page()
    expect(sign).toHaveBeenCalledTimes(1)
    new ToldPhotos(page(), audience).page()
    expect(sign).toHaveBeenCalledTimes(1)
  },
)

test('an entity tag costs no signature', () => {
  new ToldPhotos(page(), { viewer: VIEWER, wishes: {}, cdn: openCdn(), recipes }).etag()

  expect(sign).toHaveBeenCalledTimes(0)
})

test('each private photo costs one of its own, once for all viewers', () => {
  const hide = (photo: Photo): Photo => ({ ...photo, visibility: 'private' })
  const photos = page().map((photo, index) => (index < 3 ? hide(photo) : photo))
  const cdn = openCdn()

  new ToldPhotos(photos, { viewer: VIEWER, wishes: {}, cdn, recipes }).page()
  expect(sign).toHaveBeenCalledTimes(4)
  new ToldPhotos(photos.slice(0, 3), { viewer: 'carol' as typeof VIEWER, wishes: {}, cdn, recipes }).page()
  expect(sign).toHaveBeenCalledTimes(4)
})
