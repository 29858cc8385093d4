import { buffer, text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ObjectNotFoundError } from '../../../src/errors.ts'
import { JPEG, type OpenStore } from './keys.ts'

/** How objects are read, whole and in part. */
export function opensObjects(openStore: OpenStore): void {
  describe('read', () => {
    test('gives all bytes', async () => {
      await using opened = await openStore()
      const { store } = opened
      const bytes = Buffer.alloc(3_000_000, 'pixels ')
      await store.put('originals/7/42.jpg', bytes, JPEG)
      await store.put('originals/7/43.jpg', Buffer.alloc(0), JPEG)

      expect(bytes.equals(await store.read('originals/7/42.jpg'))).toBe(true)
      expect(await store.read('originals/7/43.jpg')).toHaveLength(0)
    })

    test('of what is not there rejects', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('renditions/7/42/a.webp', Buffer.from('pixels'), JPEG)

      await expect(store.read('renditions/7/42/b.webp')).rejects.toThrow(ObjectNotFoundError)
      await expect(store.read('renditions/7/42')).rejects.toThrow(ObjectNotFoundError)
    })
  })

  describe('open', () => {
    test('of what is not there rejects at once', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('renditions/7/42/a.webp', Buffer.from('pixels'), JPEG)

      await expect(store.open('renditions/7/42/b.webp')).rejects.toThrow(ObjectNotFoundError)
      await expect(store.open('renditions/7/42')).rejects.toThrow(ObjectNotFoundError)
      await expect(store.open('renditions/7/42/a.webp/b')).rejects.toThrow(ObjectNotFoundError)
      await expect(store.open('originals/1/1.jpg', { start: 0, end: 1 })).rejects.toThrow(ObjectNotFoundError)
    })

    test('gives the bytes of a range, both ends included', async () => {
      await using opened = await openStore()
      const { store } = opened
      const bytes = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256))
      await store.put('originals/7/42.jpg', bytes, JPEG)
      const range = fc.tuple(fc.nat(299), fc.nat(299)).map(([one, other]) => ({
        start: Math.min(one, other),
        end: Math.max(one, other),
      }))

      await fc.assert(
        fc.asyncProperty(range, async ({ start, end }) => {
          const part = await buffer(await store.open('originals/7/42.jpg', { start, end }))

          expect(part).toEqual(bytes.subarray(start, end + 1))
        }),
        {
          numRuns: 30,
          examples: [[{ start: 0, end: 0 }], [{ start: 299, end: 299 }], [{ start: 0, end: 299 }]],
        },
      )
    })

    test('gives what there is of a range that reaches past the end', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)

      const part = await text(await store.open('originals/7/42.jpg', { start: 3, end: 99 }))

      expect(part).toBe('els')
    })

    test('gives a stream that may be left unread', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('originals/7/42.jpg', Buffer.alloc(1_000_000), JPEG)
      const stream = await store.open('originals/7/42.jpg')

      stream.destroy()

      await store.delete(['originals/7/42.jpg'])
      expect(await store.head('originals/7/42.jpg')).toBeNull()
    })
  })

  describe('head', () => {
    test('tells the size of what is there and null of what is not', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)

      expect(await store.head('originals/7/42.jpg')).toMatchObject({ key: 'originals/7/42.jpg', size: 6 })
      expect(await store.head('originals/7/43.jpg')).toBeNull()
      expect(await store.head('originals/7')).toBeNull()
    })
  })
}
