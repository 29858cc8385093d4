import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeptPhoto, KeptRendition } from '../src/catalog/photos/kept-objects.ts'
import {
  originalKey,
  type Place,
  photoIdOfOriginal,
  photoIdOfRendition,
  renditionKey,
} from '../src/photo/object-keys.ts'
import { VISIBILITIES } from '../src/photo/photo.ts'
import { type PhotoId, shardOf } from '../src/photo/photo-id.ts'
import { compare, keeps } from '../src/sweep/compare.ts'
import { placeOf, SECRET } from './support/place.ts'

const photoId = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map((id) => String(id) as PhotoId)
const place = fc.record<Place>({
  id: photoId,
  visibility: fc.constantFrom(...VISIBILITIES),
  secret: fc.constantFrom(SECRET, null),
})
const rendition = fc.record<KeptRendition>({
  preset: fc.constantFrom('thumb', 'feed', 'full'),
  format: fc.constantFrom('webp', 'jpeg', 'avif'),
  digest: fc.constantFrom('00000001', '71bca1a2', 'ffffffff'),
  bytes: fc.nat(),
  isShown: fc.boolean(),
})
const renditions = fc.uniqueArray(rendition, {
  selector: ({ preset, format, digest }) => `${preset}${format}${digest}`,
})
const scene = fc.record({
  place,
  hasOriginal: fc.boolean(),
  stored: renditions,
  recorded: renditions,
  hasRow: fc.boolean(),
  isRemoved: fc.boolean(),
  isSettled: fc.boolean(),
})

function differenceIn({ place, hasOriginal, stored, recorded, hasRow, isRemoved, isSettled }: Scene) {
  const photo: KeptPhoto | null = hasRow
    ? { ...place, format: 'jpeg', bytes: 1, edition: 0, isRemoved, isSettled, renditions: recorded }
    : null
  const keys = [
    ...(hasOriginal ? [originalKey(place.id, 'jpeg')] : []),
    ...stored.map((each) => renditionKey(place, each)),
  ]
  return { photo, keys, difference: compare(keys, photo) }
}
type Scene = typeof scene extends fc.Arbitrary<infer Value> ? Value : never

test('nothing that a photo has is ever a stray, nor anything of a photo that is being worked on or removed', () => {
  fc.assert(
    fc.property(scene, (given) => {
      const { photo, keys, difference } = differenceIn(given)

      expect(difference.strays.filter((key) => keeps(photo, key))).toEqual([])
      expect(difference.strays.filter((key) => !keys.includes(key))).toEqual([])
      if (photo && (photo.isRemoved || !photo.isSettled)) expect(difference.strays).toEqual([])
      if (photo) expect(difference.strays.filter((key) => photoIdOfOriginal(key) !== null)).toEqual([])
    }),
  )
})

test('of a photo at rest every rendition that is not recorded is a stray, and each shown one that is not there is missing', () => {
  fc.assert(
    fc.property(scene, (given) => {
      const { keys, difference } = differenceIn({ ...given, hasRow: true, isRemoved: false, isSettled: true })
      const { place, recorded, stored, hasOriginal } = given
      const known = new Set(recorded.map((each) => renditionKey(place, each)))

      expect(difference.strays).toEqual(
        stored.map((each) => renditionKey(place, each)).filter((key) => !known.has(key)),
      )
      expect(difference.missing).toEqual(
        recorded.filter((each) => each.isShown && !keys.includes(renditionKey(place, each))),
      )
      expect(difference.isOriginalMissing).toBe(!hasOriginal)
    }),
  )
})

test('an original and renditions without a row are a loss, and left alone; either without the other is a leaving', () => {
  fc.assert(
    fc.property(scene, (given) => {
      const { keys, difference } = differenceIn({ ...given, hasRow: false })
      const isForgotten = given.hasOriginal && given.stored.length > 0

      expect(difference.isForgotten).toBe(isForgotten)
      expect(difference.strays).toEqual(isForgotten ? [] : keys)
    }),
  )
})

test('keys that we wrote are known, and no others', () => {
  fc.assert(
    fc.property(place, rendition, fc.nat(8191), (place, made, shard) => {
      const { id } = place
      expect(photoIdOfOriginal(originalKey(id, 'heic'))).toBe(id)
      expect(photoIdOfRendition(renditionKey(place, made))).toBe(id)
      if (shard === shardOf(id)) return
      const elsewhere = (key: string) => key.replace(`/${shardOf(id)}/`, `/${shard}/`)
      expect(photoIdOfOriginal(elsewhere(originalKey(id, 'heic')))).toBeNull()
      expect(photoIdOfRendition(elsewhere(renditionKey(place, made)))).toBeNull()
    }),
  )
  const id = '764879989359635463' as PhotoId
  const original = originalKey(id, 'jpeg')
  const of = renditionKey(placeOf(id), { preset: 'feed', format: 'webp', digest: '71bca1a2' })
  const foreign = [
    'originals/2023/12345.jpg',
    `backup/${original}`,
    original.replace('.jpg', '.jpg.bak'),
    original.replace('.jpg', '.exe'),
    original.replace('.jpg', '.webm'),
    original.replace('/764', '/0764'),
    original.replace('originals/', 'originals/0'),
    `${original}/1.jpg`,
    'originals/0/0.jpg',
    'originals/8191/99999999999999999999.jpg',
    'renditions/3/42/feed-00000000.jpg',
    of.replace('k3J9sQ2x0aE/', 'k3J9sQ2x0aE_'),
    of.replace('k3J9sQ2x0aE', 'k3J9sQ2x0aF'),
    of.replace('-k3J9sQ2x0aE', ''),
    of.replace('public/', 'shared/'),
    of.replace('public/', 'renditions/'),
    `renditions/${shardOf(id)}/${id}/feed-71bca1a.webp`,
    `renditions/${shardOf(id)}/${id}/notes.txt`,
    'darkroom.json',
  ]
  expect(foreign.filter((key) => photoIdOfOriginal(key) ?? photoIdOfRendition(key))).toEqual([])
})
