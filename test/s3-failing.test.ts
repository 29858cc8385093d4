import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { EngineUnavailableError } from '../src/errors.ts'
import type { ObjectStore } from '../src/storage/object-store.ts'
import { S3Store } from '../src/storage/s3-store.ts'
import { startProxy } from './support/proxy.ts'
import { hasS3, NEEDS_S3, openTestBucket, s3Endpoint, spooledFiles } from './support/s3.ts'
import { contentsOf, JPEG, NOTHING, openTemporaryStore } from './support/s3-stores.ts'

/** What never answers is given up while the test waits. */
const IMPATIENT = { timeoutMs: 1_000 }

/** What does answer has its time also on a machine that does much else. */
const PATIENT = { timeoutMs: 30_000 }

async function openStoreBehindProxy({ timeoutMs }: { timeoutMs: number }) {
  await using opened = new AsyncDisposableStack()
  const proxy = opened.use(await startProxy(s3Endpoint()))
  const bucket = opened.use(await openTestBucket({ through: proxy.url }))
  const store: ObjectStore = opened.use(await S3Store.open({ ...bucket.config, timeoutMs }))
  const owned = opened.move()
  return { store, proxy, ...bucket, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

describe.runIf(hasS3)(`an S3 that fails (${NEEDS_S3})`, () => {
  test('by a cut connection fails a put and keeps nothing', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    const stalled = opened.proxy.stall(3_000_000)

    const put = opened.store.put('originals/7/42.jpg', Readable.from([Buffer.alloc(8_000_000)]), JPEG)
    await Promise.all([expect(put).rejects.toThrow(EngineUnavailableError), stalled.then(opened.proxy.cut)])

    await expect(opened.store.check()).rejects.toThrow(EngineUnavailableError)
    await expect(opened.store.head('originals/7/42.jpg')).rejects.toThrow(EngineUnavailableError)
    expect(await contentsOf(opened)).toEqual(NOTHING)
    expect(await spooledFiles(opened.config)).toBe(0)
  })

  test('by stalling half-way through a body fails a put and keeps nothing', async () => {
    await using opened = await openStoreBehindProxy(IMPATIENT)
    const stalled = opened.proxy.stall(3_000_000)

    const put = opened.store.put('originals/7/42.jpg', Readable.from([Buffer.alloc(8_000_000)]), JPEG)

    await Promise.all([expect(put).rejects.toThrow(EngineUnavailableError), stalled])
    expect(await contentsOf(opened)).toEqual(NOTHING)
    expect(await spooledFiles(opened.config)).toBe(0)
  })

  test('by taking connections and never answering fails every call', async () => {
    await using opened = await openStoreBehindProxy(IMPATIENT)
    const stalled = opened.proxy.stall()

    const calls = await Promise.allSettled([
      opened.store.put('renditions/7/42/a.webp', Buffer.from('pixels'), JPEG),
      opened.store.open('originals/7/42.jpg'),
      opened.store.head('originals/7/42.jpg'),
      opened.store.delete(['originals/7/42.jpg']),
      Array.fromAsync(opened.store.list('')),
      opened.store.check(),
    ])
    await stalled

    for (const call of calls) expect(call).toMatchObject({ reason: expect.any(EngineUnavailableError) })
  })

  test('for a moment is tried again with the whole body', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    const bytes = Buffer.alloc(8_000_000, 'pixels')
    const stalled = opened.proxy.stall(3_000_000)

    const put = opened.store.put('originals/7/42.jpg', Readable.from([bytes]), JPEG)
    await stalled
    opened.proxy.flow()
    await put

    expect(await buffer(await opened.store.open('originals/7/42.jpg'))).toEqual(bytes)
  })

  test('by losing its answer is asked again, and what it kept is recognised', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    opened.proxy.loseAnswer()

    const info = await opened.store.put('originals/7/42.jpg', Readable.from(['pixels']), JPEG)

    expect(info).toEqual({ key: 'originals/7/42.jpg', size: 6 })
    expect(await contentsOf(opened)).toEqual({ keys: ['originals/7/42.jpg'], multiparts: 0 })
  })

  test('half-way through an object that is read says so', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    await opened.store.put('originals/7/42.jpg', Buffer.alloc(20_000_000), JPEG)

    const stream = await opened.store.open('originals/7/42.jpg')
    const other = await opened.store.open('originals/7/42.jpg')
    await Promise.all([opened.proxy.cut(), once(other, 'error')])

    await expect(buffer(stream)).rejects.toThrow(EngineUnavailableError)
    expect(other.errored).toBeInstanceOf(EngineUnavailableError)
  })

  test.each([
    ['a rendition', 800_000, undefined],
    ['a large rendition', 12_000_000, undefined],
    ['a part of a large one', 12_000_000, { start: 1_234_567, end: 10_999_999 }],
  ])('is not suspected when the reader of %s pauses', async (_what, size, range) => {
    await using opened = await openTemporaryStore(IMPATIENT)
    const bytes = randomBytes(size)
    await opened.store.put('renditions/7/42/a.webp', bytes, JPEG)

    const stream = await opened.store.open('renditions/7/42/a.webp', range)
    const seen: Buffer[] = []
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (seen.length === 0 || seen.length === 60) await sleep(2 * IMPATIENT.timeoutMs)
      seen.push(chunk)
    }

    const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes
    expect(Buffer.concat(seen).equals(wanted)).toBe(true)
  })

  test('half-way through an object that is read is asked again for the rest', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    const bytes = randomBytes(20_000_000)
    await opened.store.put('originals/7/42.jpg', bytes, JPEG)

    const stream = await opened.store.open('originals/7/42.jpg')
    opened.proxy.loseAnswer()

    expect((await buffer(stream)).equals(bytes)).toBe(true)
  })

  test('is asked over few connections, also when streams are left unread', async () => {
    await using opened = await openStoreBehindProxy(PATIENT)
    await opened.store.put('originals/7/42.jpg', Buffer.alloc(5_000_000), JPEG)

    for (let left = 0; left < 60; left++) (await opened.store.open('originals/7/42.jpg')).destroy()

    await expect.poll(() => opened.proxy.connections()).toBeLessThan(5)
  })
})
