import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { ObjectTakenError } from '../../../src/errors.ts'
import { JPEG, keysOf, type OpenStore } from './keys.ts'

/** How objects are put. */
export function putsObjects(openStore: OpenStore): void {
  describe('put', () => {
    test('keeps the bytes of a stream', async () => {
      await using opened = await openStore()
      const { store } = opened

      const info = await store.put('originals/7/42.jpg', Readable.from(['pix', 'els']), JPEG)

      expect(info).toEqual({ key: 'originals/7/42.jpg', size: 6 })
      expect(await text(await store.open('originals/7/42.jpg'))).toBe('pixels')
    })

    test('keeps the bytes of a buffer', async () => {
      await using opened = await openStore()
      const { store } = opened

      const info = await store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)

      expect(info).toEqual({ key: 'originals/7/42.jpg', size: 6 })
      expect(await text(await store.open('originals/7/42.jpg'))).toBe('pixels')
    })

    test('keeps an empty body', async () => {
      await using opened = await openStore()
      const { store } = opened

      await store.put('originals/7/1.jpg', Buffer.alloc(0), JPEG)
      await store.put('originals/7/2.jpg', Readable.from([]), JPEG)

      expect(await store.head('originals/7/1.jpg')).toMatchObject({ key: 'originals/7/1.jpg', size: 0 })
      expect(await text(await store.open('originals/7/2.jpg'))).toBe('')
    })

    test('keeps a body of 50 MB as it flows', async () => {
      await using opened = await openStore()
      const { store } = opened
      const sent = createHash('sha256')
      const received = createHash('sha256')
      async function* noise() {
        for (let chunk = 0; chunk < 800; chunk++) {
          const bytes = Buffer.alloc(62_500, `${chunk} `)
          sent.update(bytes)
          yield bytes
        }
      }

      const info = await store.put('originals/7/42.jpg', Readable.from(noise()), JPEG)
      await pipeline(await store.open('originals/7/42.jpg'), received)

      expect(info.size).toBe(50_000_000)
      expect(received.digest('hex')).toBe(sent.digest('hex'))
    })

    test('may be repeated', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)

      await store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)

      expect(await text(await store.open('originals/7/42.jpg'))).toBe('pixels')
      expect(await keysOf(store, '')).toEqual(['originals/7/42.jpg'])
    })

    test('may be repeated by many at once', async () => {
      await using opened = await openStore()
      const { store } = opened
      const puts = Array.from({ length: 10 }, () =>
        store.put('renditions/7/42/a.webp', Buffer.from('x'), JPEG),
      )

      await Promise.all(puts)

      expect(await keysOf(store, '')).toEqual(['renditions/7/42/a.webp'])
    })

    test('leaves an original as it was put first', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)

      for (const other of ['pixel', 'pixelz', ''])
        await expect(store.put('originals/7/42.jpg', Readable.from([other]), JPEG)).rejects.toThrow(
          ObjectTakenError,
        )

      await store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)
      expect(await text(await store.open('originals/7/42.jpg'))).toBe('pixels')
      expect(await keysOf(store, '')).toEqual(['originals/7/42.jpg'])
    })

    test('takes one of several originals that come at once, and those that are the same', async () => {
      await using opened = await openStore()
      const { store } = opened

      const puts = await Promise.allSettled(
        ['a', 'b', 'a', 'b', 'c'].map(async (bytes) => {
          await store.put('originals/7/42.jpg', Readable.from([bytes]), JPEG)
          return bytes
        }),
      )

      const kept = await text(await store.open('originals/7/42.jpg'))
      const taken = puts.flatMap((put) => (put.status === 'fulfilled' ? [put.value] : []))
      expect([...new Set(taken)]).toEqual([kept])
      for (const put of puts)
        if (put.status === 'rejected') expect(put.reason).toBeInstanceOf(ObjectTakenError)
    })

    test('keeps nothing of a body that fails half-way, and throws what it threw', async () => {
      await using opened = await openStore()
      const { store } = opened
      const lost = new Error('connection lost')
      async function* torn() {
        yield Buffer.alloc(200_000)
        throw lost
      }

      const put = store.put('originals/7/43.jpg', Readable.from(torn()), JPEG)

      await expect(put).rejects.toBe(lost)
      expect(await store.head('originals/7/43.jpg')).toBeNull()
      expect(await keysOf(store, '')).toEqual([])
    })

    test('keeps nothing of a body that is destroyed half-way', async () => {
      await using opened = await openStore()
      const { store } = opened
      const body = new PassThrough()
      body.write(Buffer.alloc(10_000))

      const put = store.put('originals/7/43.jpg', body, JPEG)
      setTimeout(() => body.destroy(), 20)

      await expect(put).rejects.toThrow()
      expect(await keysOf(store, '')).toEqual([])
    })

    test('keeps nothing of a body that failed before it was read', async () => {
      await using opened = await openStore()
      const { store } = opened
      const failedAlready = new PassThrough().on('error', () => {})
      failedAlready.destroy(new Error('connection lost'))
      const failsAtOnce = new PassThrough()

      const first = store.put('originals/7/43.jpg', failedAlready, JPEG)
      const second = store.put('originals/7/44.jpg', failsAtOnce, JPEG)
      failsAtOnce.destroy(new Error('connection lost'))

      // Both awaited at once: the second may fail first, and a failure nobody awaits ends the run.
      await Promise.all([
        expect(first).rejects.toThrow('connection lost'),
        expect(second).rejects.toThrow('connection lost'),
      ])
      expect(await keysOf(store, '')).toEqual([])
    })

    test('that fails leaves alone what an earlier one kept', async () => {
      await using opened = await openStore()
      const { store } = opened
      await store.put('originals/7/42.jpg', Buffer.from('pixels'), JPEG)
      async function* torn() {
        yield Buffer.from('pix')
        throw new Error('connection lost')
      }

      const put = store.put('originals/7/42.jpg', Readable.from(torn()), JPEG)

      await expect(put).rejects.toThrow('connection lost')
      expect(await text(await store.open('originals/7/42.jpg'))).toBe('pixels')
    })

    test('shows nothing of an object before it is whole', async () => {
      await using opened = await openStore()
      const { store } = opened
      const body = new PassThrough()
      body.write(Buffer.alloc(10_000))

      const put = store.put('originals/7/42.jpg', body, JPEG)
      const infoMeanwhile = await store.head('originals/7/42.jpg')
      const keysMeanwhile = await keysOf(store, '')
      body.end()
      await put

      expect(infoMeanwhile).toBeNull()
      expect(keysMeanwhile).toEqual([])
      expect(await store.head('originals/7/42.jpg')).toMatchObject({
        key: 'originals/7/42.jpg',
        size: 10_000,
      })
    })
  })
}
