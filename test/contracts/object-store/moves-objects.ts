import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ObjectNotFoundError } from '../../../src/errors.ts'
import { JPEG, keysOf, type OpenStore, putAll } from './keys.ts'

/** How objects are deleted, moved and copied. */
export function movesObjects(openStore: OpenStore): void {
  describe('delete', () => {
    test('removes the keys it was given and no others', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['renditions/7/42/a.webp', 'renditions/7/42/b.webp', 'renditions/7/43/a.webp'])

      await store.delete(['renditions/7/42/a.webp', 'renditions/7/43/a.webp'])

      expect(await keysOf(store, '')).toEqual(['renditions/7/42/b.webp'])
      await expect(store.open('renditions/7/42/a.webp')).rejects.toThrow(ObjectNotFoundError)
    })

    test('of what is not there succeeds', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['renditions/7/42/a.webp'])

      await store.delete([])
      await store.delete(['originals/9/9.jpg', 'renditions/7/42', 'renditions/7/42/b.webp'])
      await store.delete(['renditions/7/42/a.webp'])
      await store.delete(['renditions/7/42/a.webp'])

      expect(await keysOf(store, '')).toEqual([])
    })

    test('takes a thousand keys', async () => {
      await using opened = await openStore()
      const { store } = opened
      const keys = Array.from({ length: 1001 }, (_, index) => `renditions/7/42/${index}.webp`)
      await putAll(store, keys.slice(0, 20))

      await store.delete(keys)

      expect(await keysOf(store, '')).toEqual([])
    })

    test('never makes a put beside it fail', async () => {
      await using opened = await openStore()
      const { store } = opened
      const keys = Array.from({ length: 200 }, (_, index) => `renditions/${index % 2}/${index}/a.webp`)
      const remaining = new Set(keys)
      const deleteMeanwhile = async () => {
        while (remaining.size > 0) {
          const besides = [...remaining].slice(0, 4).map((key) => key.replace('a.webp', 'b.webp'))
          await store.delete(besides)
        }
      }

      const deleting = Promise.all([deleteMeanwhile(), deleteMeanwhile(), deleteMeanwhile()])
      for (const key of keys) {
        await store.put(key, Buffer.from('pixels'), JPEG).finally(() => remaining.delete(key))
      }
      await deleting

      expect(await keysOf(store, '')).toEqual([...keys].sort())
    })
  })

  describe('move', () => {
    test('gives an object another key, and tells when', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['originals/7/42.jpg'])
      const put = await store.head('originals/7/42.jpg')
      // S3 tells whole seconds.
      await sleep(1_100)

      await store.move('originals/7/42.jpg', 'quarantine/originals/7/42.jpg')

      expect(await keysOf(store, '')).toEqual(['quarantine/originals/7/42.jpg'])
      expect(await text(await store.open('quarantine/originals/7/42.jpg'))).toBe('originals/7/42.jpg')
      const moved = await store.head('quarantine/originals/7/42.jpg')
      expect(moved?.modifiedAt.getTime()).toBeGreaterThan(put?.modifiedAt.getTime() as number)
    })

    test('replaces what has the key, and there and back again is nothing', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('renditions/7/42/a.webp', Buffer.from('new'), JPEG)
      await store.put('renditions/7/42/b.webp', Buffer.from('old'), JPEG)

      await store.move('renditions/7/42/a.webp', 'renditions/7/42/b.webp')
      await store.move('renditions/7/42/b.webp', 'renditions/7/42/a.webp')

      expect(await keysOf(store, '')).toEqual(['renditions/7/42/a.webp'])
      expect(await text(await store.open('renditions/7/42/a.webp'))).toBe('new')
    })

    test('of what is not there changes nothing', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['originals/7/42.jpg'])

      await store.move('originals/7/43.jpg', 'originals/7/42.jpg')
      await store.move('originals/7', 'quarantine/originals/7')

      expect(await keysOf(store, '')).toEqual(['originals/7/42.jpg'])
      expect(await text(await store.open('originals/7/42.jpg'))).toBe('originals/7/42.jpg')
    })
  })

  describe('copy', () => {
    test('gives the bytes a second key, which lives on without the first, as if put now', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('public/7/42-a/b.webp', Buffer.from('pixels'), JPEG)
      const put = await store.head('public/7/42-a/b.webp')
      // S3 tells whole seconds.
      await sleep(1_100)

      await store.copy('public/7/42-a/b.webp', 'private/7/42-c/b.webp')
      await store.copy('public/7/42-a/b.webp', 'private/7/42-c/b.webp')

      expect(await keysOf(store, '')).toEqual(['private/7/42-c/b.webp', 'public/7/42-a/b.webp'])
      await store.delete(['public/7/42-a/b.webp'])
      expect(await keysOf(store, '')).toEqual(['private/7/42-c/b.webp'])
      expect(await text(await store.open('private/7/42-c/b.webp'))).toBe('pixels')
      const copied = await store.head('private/7/42-c/b.webp')
      expect(copied?.modifiedAt.getTime()).toBeGreaterThan(put?.modifiedAt.getTime() as number)
    })

    test('throws of what is not there, and makes nothing', async () => {
      await using opened = await openStore()
      const { store } = opened
      await putAll(store, ['public/7/42-a/b.webp'])

      await expect(store.copy('public/7/42-a/c.webp', 'private/7/1.webp')).rejects.toThrow(
        ObjectNotFoundError,
      )
      await expect(store.copy('public/7/42-a', 'private/7/1.webp')).rejects.toThrow(ObjectNotFoundError)

      expect(await keysOf(store, '')).toEqual(['public/7/42-a/b.webp'])
    })
  })
}
