import { createHash } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ObjectNotFoundError } from '../../src/errors.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'

export type OpenedStore = AsyncDisposable & { store: ObjectStore }

const JPEG = { contentType: 'image/jpeg' }

/** What every ObjectStore promises. Run it against each implementation; `openStore` gives an empty one. */
export function objectStoreContract(name: string, openStore: () => Promise<OpenedStore>) {
  describe(`${name} keeps the ObjectStore contract`, () => {
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
        await expect(store.open('originals/1/1.jpg', { start: 0, end: 1 })).rejects.toThrow(
          ObjectNotFoundError,
        )
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

    describe('list', () => {
      test('yields every key that begins with the prefix, which may end anywhere', async () => {
        const word = fc.constantFrom('1', '12', '123', '2', '21')
        const key = fc
          .tuple(fc.constantFrom('originals', 'renditions'), word, word)
          .map((parts) => parts.join('/'))
        const prefix = fc.tuple(key, fc.nat(20)).map(([from, length]) => from.slice(0, length))

        await fc.assert(
          fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), prefix, async (keys, start) => {
            await using opened = await openStore()
            await putAll(opened.store, keys)

            const found = await keysOf(opened.store, start)

            expect(found).toEqual(keys.filter((each) => each.startsWith(start)).sort())
          }),
          { numRuns: 30, examples: [[['originals/1/12', 'originals/12/1'], 'originals/1']] },
        )
      })

      test('begins after any text, also in the middle of a folder, and keeps the order of bytes', async () => {
        const word = fc.constantFrom('1', '12', '2', '2-a', '2.a', 'b')
        const key = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `o/${words.join('/')}`)
        const keys = fc
          .uniqueArray(key, { maxLength: 10 })
          // A folder can't have the name of a file.
          .map((all) => all.filter((one) => !all.some((other) => other.startsWith(`${one}/`))))
        const after = fc.oneof(
          key,
          key.map((each) => `${each}/~`),
          fc.constantFrom('', 'o', 'o/2~', 'p'),
        )

        await fc.assert(
          fc.asyncProperty(keys, after, async (all, start) => {
            await using opened = await openStore()
            await putAll(opened.store, all)

            const found = await keysOf(opened.store, 'o/', { after: start })

            expect(found).toEqual(all.filter((each) => each > start).sort())
          }),
          { numRuns: 20, examples: [[['o/2/1', 'o/2-a/1', 'o/2.a'], 'o/2-a/1']] },
        )
      })

      test('of a prefix that nothing has yields nothing', async () => {
        await using opened = await openStore()
        const { store } = opened
        await putAll(store, ['originals/7/42.jpg'])

        expect(await keysOf(store, 'renditions/')).toEqual([])
        expect(await keysOf(store, 'originals/7/42.jpg/')).toEqual([])
        expect(await keysOf(store, 'originals/70/')).toEqual([])
      })

      test('may be left early', async () => {
        await using opened = await openStore()
        const { store } = opened
        await putAll(store, ['originals/7/42.jpg', 'originals/7/43.jpg', 'originals/8/44.jpg'])
        const seen: string[] = []

        for await (const key of store.list('originals/')) {
          seen.push(key)
          break
        }

        expect(seen).toHaveLength(1)
      })

      test('survives deletes of what it lists', async () => {
        await using opened = await openStore()
        const { store } = opened
        await putAll(
          store,
          Array.from({ length: 30 }, (_, index) => `originals/${index}/1.jpg`),
        )

        for await (const key of store.list('originals/')) await store.delete([key])

        expect(await keysOf(store, '')).toEqual([])
      })
    })

    test('check resolves while the store takes objects', async () => {
      await using opened = await openStore()

      await opened.store.check()

      expect(await keysOf(opened.store, '')).toEqual([])
    })
  })
}

async function putAll(store: ObjectStore, keys: readonly string[]) {
  await Promise.all(keys.map((key) => store.put(key, Buffer.from(key), JPEG)))
}

async function keysOf(store: ObjectStore, prefix: string, options?: { after: string }): Promise<string[]> {
  return await Array.fromAsync(store.list(prefix, options))
}
